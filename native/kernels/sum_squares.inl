#include "vectors.inl"

namespace flashlm {
namespace {

/** The square of a float is exact in float64, so every instruction set returns the same bits. */
double sumSquares(Context& ctx, const SumSquaresArgs& args) noexcept {
  constexpr int64_t CHUNK = 4096;
  const int64_t count = args.x.rows * args.x.cols, chunks = (count + CHUNK - 1) / CHUNK;
  const float* x = args.x.data;
  double* sums = ctx.scratch.get<double>(chunks);
  if (!sums) return 0;
  eachRow(ctx, chunks, CHUNK, [=](int64_t chunk) {
    const float* from = x + chunk * CHUNK;
    const int64_t length = count - chunk * CHUNK < CHUNK ? count - chunk * CHUNK : CHUNK;
    simd::Sum16 sum;
    int64_t i = 0;
    for (; i + 16 <= length; i += 16) sum.addSquares(from + i);
    if (i < length) sum.addSquaresPartial(from + i, static_cast<int>(length - i));
    sums[chunk] = sum.fold();
  });
  double total = 0;
  for (int64_t chunk = 0; chunk < chunks; chunk++) total += sums[chunk];
  return total;
}

}  // namespace
}  // namespace flashlm
