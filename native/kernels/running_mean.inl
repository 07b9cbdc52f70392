#include "column_scans.inl"

// The mean of the rows of each sequence so far.
namespace flashlm {
namespace {

void runningMean(Context& ctx, const RunningMeanArgs& args) noexcept {
  const int64_t D = args.out.cols, seqLen = args.seqLen;
  float* outs = args.out.data;
  float* states = args.state.data;
  const float* xs = args.x.data;
  const int32_t* starts = args.starts.data;
  eachColumnScan(ctx, args.state.rows, seqLen, D,
                 [=](int64_t s, int64_t i, auto part, auto registers) INLINE_BODY {
                   constexpr int N = registers.COUNT;
                   float* state = states + s * (D + 1);
                   float count = state[D];
                   simd::Vec sum[N];
                   for (int j = 0; j < N; j++) sum[j] = take(state + i + j * simd::LANES, part);
                   for (int64_t t = 0; t < seqLen; t++) {
                     const int64_t row = s * seqLen + t;
                     const bool begins = documentBegins(starts, row, t);
                     count = begins ? 1.0f : count + 1.0f;
                     for (int j = 0; j < N; j++) {
                       const int64_t at = row * D + i + j * simd::LANES;
                       sum[j] = simd::add(begins ? simd::zero() : sum[j], take(xs + at, part));
                       put(outs + at, simd::div(sum[j], simd::broadcast(count)), part);
                     }
                   }
                   for (int j = 0; j < N; j++) put(state + i + j * simd::LANES, sum[j], part);
                 });
  // Only now: the columns above read it.
  for (int64_t s = 0; s < args.state.rows; s++) {
    float* count = states + s * (D + 1) + D;
    for (int64_t t = 0; t < seqLen; t++)
      *count = documentBegins(starts, s * seqLen + t, t) ? 1.0f : *count + 1.0f;
  }
}

void runningMeanGrad(Context& ctx, const RunningMeanGradArgs& args) noexcept {
  const int64_t D = args.dy.cols, seqLen = args.seqLen;
  float* dxs = args.outDx.data;
  const float* dys = args.dy.data;
  const int32_t* starts = args.starts.data;
  eachColumnScan(ctx, args.dy.rows / seqLen, seqLen, D,
                 [=](int64_t s, int64_t i, auto part, auto registers) INLINE_BODY {
                   constexpr int N = registers.COUNT;
                   simd::Vec sum[N];
                   for (int j = 0; j < N; j++) sum[j] = simd::zero();
                   for (int64_t t = seqLen - 1; t >= 0; t--) {
                     const int64_t row = s * seqLen + t;
                     const bool begins = documentBegins(starts, row, t);
                     const simd::Vec count =
                         simd::broadcast(static_cast<float>(t - (starts ? starts[row] : 0) + 1));
                     for (int j = 0; j < N; j++) {
                       const int64_t at = row * D + i + j * simd::LANES;
                       sum[j] = simd::add(sum[j], simd::div(take(dys + at, part), count));
                       put(dxs + at, sum[j], part);
                       if (begins) sum[j] = simd::zero();
                     }
                   }
                 });
}

}  // namespace
}  // namespace flashlm
