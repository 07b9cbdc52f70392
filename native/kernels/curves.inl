#pragma once

#include "sigmoid.inl"

// The activation functions. Each has `at(x, y, slope)`: the value and the derivative for N registers, with
// the N chains interleaved as in simd/exp.inl. Small values are never computed as a difference from 1, which
// would lose digits. e^-|x| below 2^-126 is flushed to 0, and so is what is proportional to it.
namespace flashlm {
namespace {

/** y[j] = c[0] + c[1] x[j] + c[2] x[j]^2 + ... */
template <int N, int COUNT>
SIMD_INLINE void polynomial(const simd::Vec (&x)[N], const float (&c)[COUNT], simd::Vec (&y)[N]) {
  for (int j = 0; j < N; j++) y[j] = simd::broadcast(c[COUNT - 1]);
  for (int k = COUNT - 2; k >= 0; k--)
    for (int j = 0; j < N; j++) y[j] = simd::fma(y[j], x[j], simd::broadcast(c[k]));
}

struct SiluCurve {
  template <int N>
  SIMD_METHOD static void at(const simd::Vec (&x)[N], simd::Vec (&y)[N], simd::Vec (&slope)[N]) {
    const Sigmoid<N> s(x);
    for (int j = 0; j < N; j++) {
      y[j] = simd::mul(x[j], s.of[j]);
      slope[j] = simd::fma(y[j], s.rest[j], s.of[j]);
    }
  }
};

struct SigmoidCurve {
  template <int N>
  SIMD_METHOD static void at(const simd::Vec (&x)[N], simd::Vec (&y)[N], simd::Vec (&slope)[N]) {
    const Sigmoid<N> s(x);
    for (int j = 0; j < N; j++) {
      y[j] = s.of[j];
      slope[j] = simd::mul(s.of[j], s.rest[j]);
    }
  }
};

struct TanhCurve {
  /**
   * With e = e^-2|x|: tanh|x| = 1 - 2e / (1 + e) and the slope 4e / (1 + e)^2. Below 0.625 that difference
   * loses digits, and x + x^3 P(x^2) with P of degree 4, relative error 5e-9, takes its place.
   */
  template <int N>
  SIMD_METHOD static void at(const simd::Vec (&x)[N], simd::Vec (&y)[N], simd::Vec (&slope)[N]) {
    const simd::Vec one = simd::broadcast(1.0f), two = simd::broadcast(2.0f);
    simd::Vec a[N], e[N], square[N], small[N];
    for (int j = 0; j < N; j++) a[j] = simd::abs(x[j]);
    for (int j = 0; j < N; j++) e[j] = simd::add(a[j], a[j]);
    simd::expMinus(e);
    for (int j = 0; j < N; j++) square[j] = simd::mul(a[j], a[j]);
    polynomial(square, {-0.333332807f, 0.133314416f, -0.0537397154f, 0.020639088f, -0.00570498733f}, small);
    for (int j = 0; j < N; j++) {
      const simd::Vec near = simd::fma(simd::mul(small[j], square[j]), x[j], x[j]);
      const simd::Vec share = simd::div(simd::add(e[j], e[j]), simd::add(one, e[j]));
      const simd::Vec far = simd::sub(one, share);
      const simd::Vec signedFar = simd::select(simd::greater(simd::zero(), x[j]), simd::neg(far), far);
      y[j] = simd::select(simd::greater(simd::broadcast(0.625f), a[j]), near, signedFar);
      // share (2 - share) = 4e / (1 + e)^2.
      slope[j] = simd::mul(share, simd::sub(two, share));
    }
  }
};

struct ReluCurve {
  template <int N>
  SIMD_METHOD static void at(const simd::Vec (&x)[N], simd::Vec (&y)[N], simd::Vec (&slope)[N]) {
    for (int j = 0; j < N; j++) {
      y[j] = simd::max(simd::zero(), x[j]);
      slope[j] = simd::select(simd::greater(x[j], simd::zero()), simd::broadcast(1.0f), simd::zero());
    }
  }
};

/** So et al. 2021. */
struct Relu2Curve {
  template <int N>
  SIMD_METHOD static void at(const simd::Vec (&x)[N], simd::Vec (&y)[N], simd::Vec (&slope)[N]) {
    for (int j = 0; j < N; j++) {
      const simd::Vec positive = simd::max(simd::zero(), x[j]);
      y[j] = simd::mul(positive, positive);
      slope[j] = simd::add(positive, positive);
    }
  }
};

struct GeluCurve {
  /** From here on e^(-x^2 / 2) is flushed to 0. */
  static constexpr float FAR = 14.0f;

  /**
   * x times the normal distribution's F(x). F(-a) = e^(-a^2 / 2) m(a), and m(a) = t Q(t) with t = 1 / (1 +
   * 0.35a) and Q of degree 8, relative error 4e-8 for a <= 13.4. What rounding takes from a^2 is as much as
   * the exponential is off by, so that is put back.
   */
  template <int N>
  SIMD_METHOD static void at(const simd::Vec (&x)[N], simd::Vec (&y)[N], simd::Vec (&slope)[N]) {
    const simd::Vec one = simd::broadcast(1.0f), half = simd::broadcast(0.5f);
    simd::Vec a[N], square[N], e[N], t[N], m[N];
    for (int j = 0; j < N; j++) a[j] = simd::min(simd::broadcast(FAR), simd::abs(x[j]));
    for (int j = 0; j < N; j++) square[j] = simd::mul(a[j], a[j]);
    for (int j = 0; j < N; j++) e[j] = simd::mul(half, square[j]);
    simd::expMinus(e);
    for (int j = 0; j < N; j++)
      e[j] = simd::fnma(simd::mul(half, simd::productError(a[j], a[j], square[j])), e[j], e[j]);
    for (int j = 0; j < N; j++) t[j] = simd::div(one, simd::fma(simd::broadcast(0.35f), a[j], one));
    polynomial(t,
               {0.139621615f, 0.13985835f, 0.119857535f, 0.105413407f, -0.0228922535f, 0.158865705f,
                -0.255450159f, 0.143846437f, -0.029120665f},
               m);
    for (int j = 0; j < N; j++) {
      const simd::Vec beyond = simd::mul(e[j], simd::mul(t[j], m[j]));
      const simd::Mask positive = simd::greater(x[j], simd::zero());
      const simd::Vec share = simd::select(positive, simd::sub(one, beyond), beyond);
      const simd::Vec density = simd::mul(e[j], simd::broadcast(0.398942280f));
      y[j] = simd::mul(x[j], share);
      slope[j] = simd::fma(x[j], density, share);
    }
  }
};

struct GeluTanhCurve {
  /** From here on sigmoid(-v) is 0; powers of larger x would overflow. */
  static constexpr float FAR = 12.0f;

  /** x sigmoid(v), v = 2 sqrt(2 / pi) (x + 0.044715 x^3): the same as x (1 + tanh(v / 2)) / 2 without its
   * difference. */
  template <int N>
  SIMD_METHOD static void at(const simd::Vec (&x)[N], simd::Vec (&y)[N], simd::Vec (&slope)[N]) {
    const simd::Vec k1 = simd::broadcast(1.59576912f), k3 = simd::broadcast(0.0713548163f);
    simd::Vec v[N], dv[N];
    for (int j = 0; j < N; j++) {
      const simd::Vec far = simd::broadcast(FAR);
      const simd::Vec near = simd::min(far, simd::max(simd::neg(far), x[j]));
      const simd::Vec square = simd::mul(near, near);
      v[j] = simd::mul(near, simd::fma(k3, square, k1));
      dv[j] = simd::fma(simd::broadcast(0.214064449f), square, k1);
    }
    const Sigmoid<N> s(v);
    for (int j = 0; j < N; j++) {
      y[j] = simd::mul(x[j], s.of[j]);
      slope[j] = simd::fma(simd::mul(y[j], s.rest[j]), dv[j], s.of[j]);
    }
  }
};

/** ln(1 + e) / e for e in [0, 1], relative error 5e-9. */
constexpr float LOG_SHARE[] = {1.0f,          -0.499999017f, 0.333299637f,   -0.249541342f, 0.196759388f,
                               -0.153055921f, 0.106036551f,  -0.0569595359f, 0.0198514629f, -0.00324402563f};

struct SoftplusCurve {
  /** max(x, 0) + ln(1 + e), e = e^-|x|. */
  template <int N>
  SIMD_METHOD static void at(const simd::Vec (&x)[N], simd::Vec (&y)[N], simd::Vec (&slope)[N]) {
    const Sigmoid<N> s(x);
    polynomial(s.exp, LOG_SHARE, y);
    for (int j = 0; j < N; j++) {
      y[j] = simd::fma(y[j], s.exp[j], simd::max(simd::zero(), x[j]));
      slope[j] = s.of[j];
    }
  }
};

/** Calls `body(curve)` with the curve of an activation function. */
template <class Body>
SIMD_INLINE void withCurve(Fn fn, const Body& body) {
  switch (fn) {
    case Fn::silu: return body(SiluCurve());
    case Fn::sigmoid: return body(SigmoidCurve());
    case Fn::tanh: return body(TanhCurve());
    case Fn::relu: return body(ReluCurve());
    case Fn::relu2: return body(Relu2Curve());
    case Fn::gelu: return body(GeluCurve());
    case Fn::gelu_tanh: return body(GeluTanhCurve());
    case Fn::softplus: return body(SoftplusCurve());
  }
}

}  // namespace
}  // namespace flashlm
