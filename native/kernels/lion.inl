#include "vectors.inl"

namespace flashlm {
namespace {

void lion(Context& ctx, const LionArgs& args) noexcept {
  float* p = args.p.data;
  float* m = args.m.data;
  const float* g = args.g.data;
  const auto constant = [](double x) { return simd::broadcast(static_cast<float>(x)); };
  const simd::Vec beta1 = constant(args.beta1), rest1 = constant(1 - args.beta1);
  const simd::Vec beta2 = constant(args.beta2), rest2 = constant(1 - args.beta2);
  const simd::Vec lr = constant(args.lr);
  // Subtracted as a share of the weight: 1 - share would round a small share away in float32.
  const simd::Vec share = constant(args.lr * args.decay);
  const simd::Vec zero = simd::zero(), one = constant(1), minusOne = constant(-1);
  eachElement(ctx, args.p.rows * args.p.cols, [=](int64_t i, auto part) {
    const simd::Vec gradient = take(g + i, part);
    const simd::Vec mean = take(m + i, part);
    // Both products are rounded, not fused: where they cancel, every backend must get the same sign.
    const simd::Vec sum = simd::add(simd::mul(beta1, mean), simd::mul(rest1, gradient));
    const simd::Vec negative = simd::select(simd::greater(zero, sum), minusOne, sum);
    const simd::Vec sign = simd::select(simd::greater(sum, zero), one, negative);
    put(m + i, simd::fma(beta2, mean, simd::mul(rest2, gradient)), part);
    const simd::Vec weight = take(p + i, part);
    put(p + i, simd::fnma(lr, sign, simd::fnma(share, weight, weight)), part);
  });
}

}  // namespace
}  // namespace flashlm
