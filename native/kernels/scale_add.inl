#include "row_sums.inl"

namespace flashlm {
namespace {

void scaleAdd(Context& ctx, const ScaleAddArgs& args) noexcept {
  float* out = args.out.data;
  const float* a = args.a.data;
  const float* b = args.b.data;
  const simd::Vec weight = simd::broadcast(args.weight.data[0]);
  eachElement(ctx, args.b.rows * args.b.cols, [=](int64_t i, auto part) {
    const simd::Vec scaled = take(b + i, part);
    put(out + i, a ? simd::fma(weight, scaled, take(a + i, part)) : simd::mul(weight, scaled), part);
  });
}

void scaleAddGrad(Context& ctx, const ScaleAddGradArgs& args) noexcept {
  const int64_t D = args.b.cols;
  const float* dys = args.dy.data;
  const float* bs = args.b.data;
  float* accWeight = args.accWeight.data;
  const auto row = [=](int64_t row, float* sum) {
    const float* dy = dys + row * D;
    const float* b = bs + row * D;
    *sum += static_cast<float>(sumVectors(D, [=](simd::Vec terms, int64_t i, auto part) {
      return simd::fma(take(dy + i, part), take(b + i, part), terms);
    }));
  };
  eachRowWithSums(ctx, args.b.rows, D, 1, row,
                  [=](const PartSums& parts) { foldParts(accWeight, 1, parts, 0); });
}

}  // namespace
}  // namespace flashlm
