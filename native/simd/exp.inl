/**
 * expMinus for the wrappers that have `pow2(t)`: e^-a is 2^-n times a polynomial, n = round(a / ln 2). Adding
 * 1.5 * 2^23 rounds, and leaves -n in the lowest bits of the sum, where pow2 finds it. The polynomial is the
 * one of degree 5 with the least relative error on |g| <= ln(2) / 2, 1.0e-7, of those that are 1 - g + ... at
 * 0: e^-0 is 1.
 *
 * Each step is written for all N registers before the next one: the chain of one alone is longer than what a
 * core looks ahead.
 */
template <int N>
SIMD_INLINE void expMinus(Vec (&x)[N]) {
  const Vec round = broadcast(12582912.0f);
  Vec t[N], g[N], p[N];
  for (int j = 0; j < N; j++) t[j] = fnma(x[j], broadcast(1.44269504088896341f), round);
  for (int j = 0; j < N; j++) p[j] = sub(t[j], round);
  for (int j = 0; j < N; j++) g[j] = fma(p[j], broadcast(0.693359375f), x[j]);
  for (int j = 0; j < N; j++) g[j] = fma(p[j], broadcast(-2.12194440e-4f), g[j]);
  for (int j = 0; j < N; j++) p[j] = fma(g[j], broadcast(-8.3125012e-3f), broadcast(4.1890331e-2f));
  for (int j = 0; j < N; j++) p[j] = fma(p[j], g[j], broadcast(-1.6667115e-1f));
  for (int j = 0; j < N; j++) p[j] = fma(p[j], g[j], broadcast(4.9999230e-1f));
  for (int j = 0; j < N; j++) p[j] = fma(p[j], g[j], broadcast(-1.0f));
  for (int j = 0; j < N; j++) p[j] = fma(p[j], g[j], broadcast(1.0f));
  // A product, where adding to p's exponent would be quicker: of the bits of a NaN that may make a number.
  for (int j = 0; j < N; j++) p[j] = mul(p[j], pow2(t[j]));
  for (int j = 0; j < N; j++) x[j] = select(greater(x[j], broadcast(87.33f)), zero(), p[j]);
}
