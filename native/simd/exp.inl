/**
 * expMinus for the wrappers that have `pow2(t)`: e^-a is 2^-n times a polynomial, n = round(a / ln 2). Adding
 * 1.5 * 2^23 rounds, and leaves -n in the lowest bits of the sum, where pow2 finds it. The polynomial is the
 * minimax one of degree 5 on |g| <= ln(2) / 2 among those of the form 1 - g + ..., so that e^-0 is 1; its
 * relative error is 1.0e-7.
 *
 * Each step is written for all N registers before the next one: a core's out-of-order window is shorter than
 * one chain.
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
  // A product, although adding to p's exponent would be faster: that could turn a NaN into a number.
  for (int j = 0; j < N; j++) p[j] = mul(p[j], pow2(t[j]));
  for (int j = 0; j < N; j++) x[j] = select(greater(x[j], broadcast(87.33f)), zero(), p[j]);
}
