#include "vectors.inl"

namespace flashlm {
namespace {

void sgdMomentum(Context& ctx, const SgdMomentumArgs& args) noexcept {
  float* p = args.p.data;
  float* v = args.v.data;
  const float* g = args.g.data;
  const simd::Vec lr = simd::broadcast(static_cast<float>(args.lr));
  const simd::Vec momentum = simd::broadcast(static_cast<float>(args.momentum));
  const simd::Vec decay = simd::broadcast(static_cast<float>(args.decay));
  eachElement(ctx, args.p.rows * args.p.cols, [=](int64_t i, auto part) {
    const simd::Vec weight = take(p + i, part);
    const simd::Vec gradient = simd::fma(decay, weight, take(g + i, part));
    const simd::Vec velocity = simd::fma(momentum, take(v + i, part), gradient);
    put(v + i, velocity, part);
    put(p + i, simd::fnma(lr, velocity, weight), part);
  });
}

}  // namespace
}  // namespace flashlm
