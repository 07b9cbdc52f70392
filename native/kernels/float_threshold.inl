#pragma once

#include <string.h>

namespace flashlm {
namespace {

/**
 * The largest float that is not above `threshold` (>= 0, or NaN). A float is above the one exactly where it
 * is above the other, so the comparison in float32 decides as the specification's in float64.
 */
inline float floatThreshold(double threshold) {
  float t = static_cast<float>(threshold);
  // No branch: nothing could foresee it.
  uint32_t bits;
  memcpy(&bits, &t, sizeof bits);
  bits -= t > threshold;
  memcpy(&t, &bits, sizeof bits);
  return t;
}

}  // namespace
}  // namespace flashlm
