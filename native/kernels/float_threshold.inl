#pragma once

#include <string.h>

namespace flashlm {
namespace {

/**
 * The largest float <= `threshold` (>= 0, or NaN). A float is above it exactly when it is above `threshold`,
 * so that comparing in float32 gives the result of comparing in float64.
 */
inline float floatThreshold(double threshold) {
  float t = static_cast<float>(threshold);
  // Without a branch, which would be unpredictable.
  uint32_t bits;
  memcpy(&bits, &t, sizeof bits);
  bits -= t > threshold;
  memcpy(&t, &bits, sizeof bits);
  return t;
}

}  // namespace
}  // namespace flashlm
