/**
 * x / s correctly rounded, given r = 1 / s correctly rounded. The second of two corrections starts from a
 * value less than one ulp off, so its remainder is exact and its result the nearest float (Markstein 1990),
 * unless something underflows. NaN for s infinite. A division instruction takes twice as long.
 */
SIMD_INLINE Vec divide(Vec x, Vec s, Vec r) {
  const Vec q = mul(x, r);
  const Vec near = fma(fnma(q, s, x), r, q);
  return fma(fnma(near, s, x), r, near);
}
