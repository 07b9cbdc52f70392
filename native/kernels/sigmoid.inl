#pragma once

namespace flashlm {
namespace {

/** sigmoid(x) and 1 - sigmoid(x) of N registers, each with all of its digits. */
template <int N>
struct Sigmoid {
  simd::Vec of[N], rest[N];

  /** Through exp(-|x|), which never overflows and lets large negative x end at 0. */
  SIMD_METHOD explicit Sigmoid(const simd::Vec (&x)[N]) {
    const simd::Vec one = simd::broadcast(1.0f);
    simd::Vec e[N];
    for (int j = 0; j < N; j++) e[j] = simd::abs(x[j]);
    simd::expMinus(e);
    for (int j = 0; j < N; j++) rest[j] = simd::div(one, simd::add(one, e[j]));
    for (int j = 0; j < N; j++) {
      const simd::Vec greater = rest[j], smaller = simd::mul(e[j], greater);
      const simd::Mask positive = simd::greater(x[j], simd::zero());
      of[j] = simd::select(positive, greater, smaller);
      rest[j] = simd::select(positive, smaller, greater);
    }
  }
};

}  // namespace
}  // namespace flashlm
