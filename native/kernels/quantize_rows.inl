#include "float_threshold.inl"
#include "sum_abs.inl"
#include "vectors.inl"

namespace flashlm {
namespace {

/** The least-squares scale: the mean of the |x| above `limit`, or `fallback` if there are none. */
SIMD_INLINE float meanAbsAbove(const float* x, int64_t K, float limit, float fallback) {
  const simd::Vec limits = simd::broadcast(limit), one = simd::broadcast(1.0f);
  // Exact: sumVectors adds ones in float32 over short stretches only.
  const double kept = sumVectors(K, [=](simd::Vec sum, int64_t k, auto part) {
    const simd::Mask keep = simd::greater(simd::abs(take(x + k, part)), limits);
    return simd::add(sum, simd::select(keep, one, simd::zero()));
  });
  return kept ? static_cast<float>(sumAbsAbove(x, K, limit) / kept) : fallback;
}

void quantizeTernary(Context& ctx, const QuantizeRowsArgs& args) {
  const int64_t K = args.x.cols;
  int8_t* codes = args.outCodes.data;
  float* scale = args.outScale.data;
  const float* xs = args.x.data;
  const bool leastSquares = args.rule == QuantizeRowsRule::ternary_mse;
  const auto threshold = [=](int64_t row) {
    const double mean = sumAbs(xs + row * K, K) / K;
    scale[row] = static_cast<float>(mean + 1e-8);
    return floatThreshold(0.6745 * mean);
  };
  eachRowInTwoPasses(ctx, args.x.rows, K, threshold, [=](int64_t row, float limit) {
    const float* x = xs + row * K;
    const simd::Vec limits = simd::broadcast(limit);
    eachCode(codes + row * K, 0, K,
             [=](int64_t k, auto part) { return simd::ternaryCodes(take(x + k, part), limits); });
    if (leastSquares) scale[row] = meanAbsAbove(x, K, limit, scale[row]);
  });
}

/** max(|x|, 1e-5); NaN if any x is NaN. */
SIMD_INLINE float maxAbs(const float* x, int64_t K) {
  simd::Vec largest[4];
  for (simd::Vec& v : largest) v = simd::broadcast(1e-5f);
  eachFour(0, K, [&](int64_t k, auto part, auto registers) INLINE_BODY {
    for (int j = 0; j < registers.COUNT; j++) {
      largest[j] = simd::maxBits(simd::abs(take(x + k + j * simd::LANES, part)), largest[j]);
    }
  });
  return simd::reduceMaxBits(
      simd::maxBits(simd::maxBits(largest[0], largest[1]), simd::maxBits(largest[2], largest[3])));
}

void quantizeInt8(Context& ctx, const QuantizeRowsArgs& args) {
  const int64_t K = args.x.cols;
  int8_t* codes = args.outCodes.data;
  float* scale = args.outScale.data;
  const float* xs = args.x.data;
  const auto scaleOf = [=](int64_t row) { return scale[row] = maxAbs(xs + row * K, K) / 127.0f; };
  eachRowInTwoPasses(ctx, args.x.rows, K, scaleOf, [=](int64_t row, float s) {
    const float* x = xs + row * K;
    const simd::Vec divisor = simd::broadcast(s), reciprocal = simd::broadcast(1.0f / s);
    eachCode(codes + row * K, 0, K, [=](int64_t k, auto part) {
      return simd::toCodes(simd::divide(take(x + k, part), divisor, reciprocal));
    });
  });
}

void quantizeRows(Context& ctx, const QuantizeRowsArgs& args) noexcept {
  if (args.rule == QuantizeRowsRule::int8) quantizeInt8(ctx, args);
  else quantizeTernary(ctx, args);
}

}  // namespace
}  // namespace flashlm
