#include "float_threshold.inl"
#include "vectors.inl"

namespace flashlm {
namespace {

/** LSQ (Esser et al. 2020) with the codes -1, 0 and 1. */
void quantizeWeightBy(Context& ctx, const QuantizeWeightByArgs& args) noexcept {
  const int64_t K = args.w.cols, rowsEach = args.w.rows / args.learned.rows;
  const float* ws = args.w.data;
  const float* learned = args.learned.data;
  int8_t* codes = args.outCodes.data;
  float* scales = args.outScale.data;
  eachRow(ctx, args.w.rows, K, [=](int64_t row) {
    const int64_t group = row / rowsEach;
    const float scale = learned[group] < 1e-5f ? 1e-5f : learned[group];  // NaN stays
    if (row % rowsEach == 0) scales[group] = scale;
    const simd::Vec limit = simd::broadcast(floatThreshold(0.5 * static_cast<double>(scale)));
    const float* w = ws + row * K;
    eachCode(codes + row * K, 0, K,
             [=](int64_t i, auto part) { return simd::ternaryCodes(take(w + i, part), limit); });
  });
}

void learnedScaleGrad(Context& ctx, const LearnedScaleGradArgs& args) noexcept {
  const int64_t rows = args.w.rows, K = args.w.cols, groups = args.scale.rows, rowsEach = rows / groups;
  const float* ws = args.w.data;
  const float* dws = args.dw.data;
  const float* scales = args.scale.data;
  float* accWs = args.accW.data;
  double* sums = ctx.scratch.get<double>(static_cast<size_t>(rows));
  if (!sums) return;
  eachRow(ctx, rows, K, [=](int64_t row) {
    const float* w = ws + row * K;
    const float* dw = dws + row * K;
    float* accW = accWs + row * K;
    const float s = scales[row / rowsEach];
    const simd::Vec scale = simd::broadcast(s), half = simd::broadcast(0.5f * s), one = simd::broadcast(1.0f);
    sums[row] = sumVectors(K, [=](simd::Vec sum, int64_t i, auto part) {
      const simd::Vec x = take(w + i, part), d = take(dw + i, part), size = simd::abs(x);
      const simd::Vec sign = simd::select(simd::greater(simd::zero(), x), simd::neg(one), one);
      const simd::Vec code = simd::select(simd::greater(size, half), sign, simd::zero());
      const simd::Mask inside = simd::greater(scale, size);
      put(accW + i, simd::add(take(accW + i, part), simd::select(inside, d, simd::zero())), part);
      const simd::Vec rounding = simd::sub(code, simd::div(x, scale));
      return simd::fma(d, simd::select(inside, rounding, code), sum);
    });
  });
  const double factor = 1 / __builtin_sqrt(static_cast<double>(rowsEach * K));
  for (int64_t group = 0; group < groups; group++) {
    double sum = 0;
    for (int64_t row = group * rowsEach; row < (group + 1) * rowsEach; row++) sum += sums[row];
    args.accScale.data[group] += static_cast<float>(sum * factor);
  }
}

}  // namespace
}  // namespace flashlm
