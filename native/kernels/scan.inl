#include "column_scans.inl"

// h = f * h + c along the rows of each sequence.
namespace flashlm {
namespace {

void scan(Context& ctx, const ScanArgs& args) noexcept {
  const int64_t D = args.out.cols, seqLen = args.seqLen;
  float* outs = args.out.data;
  float* states = args.state.data;
  const float* xs = args.x.data;
  const int32_t* starts = args.starts.data;
  eachColumnScan(ctx, args.state.rows, seqLen, D,
                 [=](int64_t s, int64_t i, auto part, auto registers) INLINE_BODY {
                   constexpr int N = registers.COUNT;
                   simd::Vec h[N];
                   for (int j = 0; j < N; j++) h[j] = take(states + s * D + i + j * simd::LANES, part);
                   for (int64_t t = 0; t < seqLen; t++) {
                     const int64_t row = s * seqLen + t;
                     const bool begins = documentBegins(starts, row, t);
                     const float* x = xs + 2 * row * D + i;
                     for (int j = 0; j < N; j++) {
                       const int64_t at = j * simd::LANES;
                       const simd::Vec before = begins ? simd::zero() : h[j];
                       h[j] = simd::fma(take(x + at, part), before, take(x + D + at, part));
                       put(outs + row * D + i + at, h[j], part);
                     }
                   }
                   for (int j = 0; j < N; j++) put(states + s * D + i + j * simd::LANES, h[j], part);
                 });
}

void scanGrad(Context& ctx, const ScanGradArgs& args) noexcept {
  const int64_t D = args.dy.cols, seqLen = args.seqLen;
  float* dxs = args.outDx.data;
  const float* dys = args.dy.data;
  const float* xs = args.x.data;
  const float* ys = args.y.data;
  const int32_t* starts = args.starts.data;
  eachColumnScan(ctx, args.dy.rows / seqLen, seqLen, D,
                 [=](int64_t s, int64_t i, auto part, auto registers) INLINE_BODY {
                   constexpr int N = registers.COUNT;
                   simd::Vec fromNext[N];
                   for (int j = 0; j < N; j++) fromNext[j] = simd::zero();
                   for (int64_t t = seqLen - 1; t >= 0; t--) {
                     const int64_t row = s * seqLen + t;
                     const bool isFirst = t == 0 || documentBegins(starts, row, t);
                     float* dx = dxs + 2 * row * D + i;
                     for (int j = 0; j < N; j++) {
                       const int64_t at = j * simd::LANES;
                       const simd::Vec e = simd::add(take(dys + row * D + i + at, part), fromNext[j]);
                       put(dx + D + at, e, part);
                       if (isFirst) {
                         put(dx + at, simd::zero(), part);
                         fromNext[j] = simd::zero();
                       } else {
                         put(dx + at, simd::mul(e, take(ys + (row - 1) * D + i + at, part)), part);
                         fromNext[j] = simd::mul(take(xs + 2 * row * D + i + at, part), e);
                       }
                     }
                   }
                 });
}

}  // namespace
}  // namespace flashlm
