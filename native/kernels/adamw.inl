#include "vectors.inl"

namespace flashlm {
namespace {

/** `beta^step` in float64. */
inline double power(double beta, int64_t step) {
  double result = 1;
  for (int64_t n = step; n; n >>= 1, beta *= beta) {
    if (n & 1) result *= beta;
  }
  return result;
}

void adamW(Context& ctx, const AdamWArgs& args) noexcept {
  float* p = args.p.data;
  float* m = args.m.data;
  float* v = args.v.data;
  const float* g = args.g.data;
  const auto constant = [](double x) { return simd::broadcast(static_cast<float>(x)); };
  const simd::Vec beta1 = constant(args.beta1), rest1 = constant(1 - args.beta1);
  const simd::Vec beta2 = constant(args.beta2), rest2 = constant(1 - args.beta2);
  const simd::Vec eps = constant(args.eps);
  // Subtracted as a share of the weight: 1 - share would round a small share away in float32.
  const simd::Vec share = constant(args.lr * args.decay);
  const simd::Vec rate = constant(args.lr / (1 - power(args.beta1, args.step)));
  const simd::Vec spread = constant(1 / __builtin_sqrt(1 - power(args.beta2, args.step)));
  eachElement(ctx, args.p.rows * args.p.cols, [=](int64_t i, auto part) {
    const simd::Vec gradient = take(g + i, part);
    const simd::Vec mean = simd::fma(beta1, take(m + i, part), simd::mul(rest1, gradient));
    // Grouped to avoid g * g, which overflows long before the product does.
    const simd::Vec added = simd::mul(simd::mul(rest2, gradient), gradient);
    const simd::Vec square = simd::fma(beta2, take(v + i, part), added);
    put(m + i, mean, part);
    put(v + i, square, part);
    const simd::Vec update = simd::div(simd::mul(rate, mean), simd::fma(simd::sqrt(square), spread, eps));
    const simd::Vec weight = take(p + i, part);
    put(p + i, simd::sub(simd::fnma(share, weight, weight), update), part);
  });
}

}  // namespace
}  // namespace flashlm
