#pragma once

#include <string.h>

// The ternary rule of both quantisers: sign(x) where |x| is above a float64 threshold, else 0.
namespace flashlm {
namespace {

/**
 * The largest float that is not above `threshold` (>= 0, or NaN). A float is above the one exactly where it is above
 * the other, so the comparison in float32 decides as the specification's in float64.
 */
inline float floatThreshold(double threshold) {
  float t = static_cast<float>(threshold);
  if (t > threshold) {
    uint32_t bits;
    memcpy(&bits, &t, sizeof bits);
    bits--;
    memcpy(&t, &bits, sizeof bits);
  }
  return t;
}

/** -1, 0 or +1. NaN is not above anything: 0. */
SIMD_INLINE simd::Vec ternaryCode(simd::Vec x, simd::Vec threshold) {
  const simd::Vec one = simd::broadcast(1.0f);
  const simd::Vec sign = simd::select(simd::greater(x, simd::zero()), one, simd::neg(one));
  return simd::select(simd::greater(simd::abs(x), threshold), sign, simd::zero());
}

}  // namespace
}  // namespace flashlm
