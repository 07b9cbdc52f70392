#include "sum_abs.inl"
#include "ternary_code.inl"
#include "vectors.inl"

namespace flashlm {
namespace {

/** Codes of one row; returns the scale. */
SIMD_INLINE float quantizeTernary(int8_t* codes, const float* x, int64_t K, bool leastSquares) {
  const double mean = sumAbs(x, K) / K;
  const float threshold = floatThreshold(0.6745 * mean);
  const simd::Vec limit = simd::broadcast(threshold), one = simd::broadcast(1.0f);
  eachVector(0, K, [=](int64_t k, auto part) {
    putCodes(codes + k, ternaryCode(take(x + k, part), limit), part);
  });
  if (!leastSquares) return static_cast<float>(mean + 1e-8);

  // Exact: ones in float32 over short stretches, float64 beyond.
  const double kept = sumVectors(K, [=](simd::Vec sum, int64_t k, auto part) {
    const simd::Mask keep = simd::greater(simd::abs(take(x + k, part)), limit);
    return simd::add(sum, simd::select(keep, one, simd::zero()));
  });
  return static_cast<float>(kept ? sumAbs(x, K, threshold) / kept : 1e-8);
}

/** Codes of one row; returns the scale. */
SIMD_INLINE float quantizeInt8(int8_t* codes, const float* x, int64_t K) {
  simd::Vec greatest = simd::broadcast(1e-5f);
  eachVector(0, K, [&](int64_t k, auto part) {
    // Not simd::max, which treats NaN as the hardware does.
    const simd::Vec size = simd::abs(take(x + k, part));
    greatest = simd::select(simd::greater(size, greatest), size, greatest);
  });
  const float scale = simd::reduceMax(greatest) / 127.0f;
  const simd::Vec divisor = simd::broadcast(scale);
  eachVector(0, K, [=](int64_t k, auto part) {
    const simd::Vec q = simd::div(take(x + k, part), divisor);
    // What does not compare is NaN, and its code is 0.
    const simd::Mask number = simd::greater(simd::abs(q), simd::zero());
    putCodes(codes + k, simd::select(number, q, simd::zero()), part);
  });
  return scale;
}

void quantizeRows(Context& ctx, const QuantizeRowsArgs& args) noexcept {
  const int64_t K = args.x.cols;
  int8_t* codes = args.outCodes.data;
  float* scale = args.outScale.data;
  const float* x = args.x.data;
  const QuantizeRowsRule rule = args.rule;
  eachRow(ctx, args.x.rows, K, [=](int64_t row) {
    scale[row] = rule == QuantizeRowsRule::int8
                     ? quantizeInt8(codes + row * K, x + row * K, K)
                     : quantizeTernary(codes + row * K, x + row * K, K, rule == QuantizeRowsRule::ternary_mse);
  });
}

}  // namespace
}  // namespace flashlm
