#pragma once

// The sum that both quantisers take their scale from.
namespace flashlm {
namespace {

/** Sum of the |x| that are above `keepAbove`, in the order of SUM_LANES (core/kernels.ts). */
SIMD_INLINE double sumAbs(const float* x, int64_t count, float keepAbove = -1.0f) {
  simd::Sum16 sum;
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) sum.addAbs(x + i, keepAbove);
  if (i < count) sum.addAbsPartial(x + i, static_cast<int>(count - i), keepAbove);
  return sum.fold();
}

}  // namespace
}  // namespace flashlm
