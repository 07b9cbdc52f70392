#pragma once

namespace flashlm {
namespace {

/** Through exp(-|x|), which never overflows and lets large negative x end at 0. */
SIMD_INLINE simd::Vec sigmoid(simd::Vec x) {
  const simd::Vec one = simd::broadcast(1.0f);
  const simd::Vec e = simd::exp(simd::neg(simd::abs(x)));
  return simd::div(simd::select(simd::greater(x, simd::zero()), one, e), simd::add(one, e));
}

}  // namespace
}  // namespace flashlm
