#pragma once

namespace flashlm {
namespace {

/** sigmoid(x) and 1 - sigmoid(x) of N registers, both to full precision, and e^-|x|. */
template <int N>
struct Sigmoid {
  simd::Vec of[N], rest[N], exp[N];

  /** Computed from exp(-|x|), which never overflows, and underflows to 0 for large |x|. */
  SIMD_METHOD explicit Sigmoid(const simd::Vec (&x)[N]) {
    const simd::Vec one = simd::broadcast(1.0f);
    for (int j = 0; j < N; j++) exp[j] = simd::abs(x[j]);
    simd::expMinus(exp);
    for (int j = 0; j < N; j++) rest[j] = simd::div(one, simd::add(one, exp[j]));
    for (int j = 0; j < N; j++) {
      const simd::Vec greater = rest[j], smaller = simd::mul(exp[j], greater);
      const simd::Mask positive = simd::greater(x[j], simd::zero());
      of[j] = simd::select(positive, greater, smaller);
      rest[j] = simd::select(positive, smaller, greater);
    }
  }
};

}  // namespace
}  // namespace flashlm
