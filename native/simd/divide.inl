/**
 * x / s with one rounding, given r = 1 / s with one rounding: the second of two corrections starts less than
 * a unit in the last place away, and then the remainder is exact and the result the nearest float (Markstein
 * 1990). That holds while nothing underflows; NaN for s infinite. Division itself takes twice as long.
 */
SIMD_INLINE Vec divide(Vec x, Vec s, Vec r) {
  const Vec q = mul(x, r);
  const Vec near = fma(fnma(q, s, x), r, q);
  return fma(fnma(near, s, x), r, near);
}
