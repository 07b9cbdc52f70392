#pragma once

// The sums for the scales of both quantisers, in the order of SUM_LANES (core/kernels.ts).
namespace flashlm {
namespace {

/** Sum of the |x| above `limit`; skips NaN. */
SIMD_INLINE double sumAbsAbove(const float* x, int64_t count, float limit) {
  simd::Sum16 sum;
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) sum.addAbsAbove(x + i, limit);
  if (i < count) sum.addAbsAbovePartial(x + i, static_cast<int>(count - i), limit);
  return sum.fold();
}

/** Sum of all |x|. */
SIMD_INLINE double sumAbs(const float* x, int64_t count) {
  simd::Sum16 sum;
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) sum.addAbs(x + i);
  if (i < count) sum.addAbsPartial(x + i, static_cast<int>(count - i));
  return sum.fold();
}

}  // namespace
}  // namespace flashlm
