/**
 * exp for the wrappers that have `pow2(p, n)` = p * 2^n for whole n in [-126, 127]: 2^n times a polynomial,
 * n = round(x / ln 2). The argument is reduced by n * ln 2 in two parts (Cody and Waite 1980); the polynomial
 * is that of expf in the Cephes library (Moshier): e^f = 1 + f + f^2 * P(f) on |f| <= ln(2) / 2.
 */
SIMD_INLINE Vec exp(Vec x) {
  // Clamped so that n stays a legal exponent; x is the second operand so that NaN passes.
  const Vec bounded = max(broadcast(-87.33f), min(broadcast(88.37f), x));
  const Vec n = roundEven(mul(bounded, broadcast(1.44269504088896341f)));
  const Vec f = fnma(n, broadcast(-2.12194440e-4f), fnma(n, broadcast(0.693359375f), bounded));
  Vec p = broadcast(1.9875691500e-4f);
  p = fma(p, f, broadcast(1.3981999507e-3f));
  p = fma(p, f, broadcast(8.3334519073e-3f));
  p = fma(p, f, broadcast(4.1665795894e-2f));
  p = fma(p, f, broadcast(1.6666665459e-1f));
  p = fma(p, f, broadcast(5.0000001201e-1f));
  p = fma(p, mul(f, f), add(f, broadcast(1.0f)));
  return select(greater(broadcast(-87.33f), x), zero(), pow2(p, n));
}
