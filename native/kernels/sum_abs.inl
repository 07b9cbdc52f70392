#pragma once

// The sums that both quantisers take their scales from, in the order of SUM_LANES (core/kernels.ts).
namespace flashlm {
namespace {

/** Sum of the |x| that are above `limit`; NaN is not. */
SIMD_INLINE double sumAbsAbove(const float* x, int64_t count, float limit) {
  simd::Sum16 sum;
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) sum.addAbsAbove(x + i, limit);
  if (i < count) sum.addAbsAbovePartial(x + i, static_cast<int>(count - i), limit);
  return sum.fold();
}

/** Sum of all |x|, NaN as 0. */
SIMD_INLINE double sumAbs(const float* x, int64_t count) {
  simd::Sum16 sum;
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) sum.addAbs(x + i);
  if (i < count) sum.addAbsPartial(x + i, static_cast<int>(count - i));
  const double total = sum.fold();
  // Where there is NaN, a second sum: looking for it in the first would take a third longer.
  return total == total ? total : sumAbsAbove(x, count, -1.0f);
}

}  // namespace
}  // namespace flashlm
