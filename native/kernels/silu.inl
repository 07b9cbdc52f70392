#include "sigmoid.inl"
#include "vectors.inl"

namespace flashlm {
namespace {

void silu(Context& ctx, const SiluArgs& args) noexcept {
  float* out = args.out.data;
  float* slope = args.outSlope.data;
  const float* x = args.x.data;
  const simd::Vec one = simd::broadcast(1.0f);
  eachElement(ctx, args.x.rows * args.x.cols, [=](int64_t i, auto part) {
    const simd::Vec v = take(x + i, part);
    const simd::Vec s = sigmoid(v);
    put(out + i, simd::mul(v, s), part);
    if (slope) put(slope + i, simd::mul(s, simd::fma(v, simd::sub(one, s), one)), part);
  });
}

void siluGrad(Context& ctx, const SiluGradArgs& args) noexcept {
  float* dx = args.outDx.data;
  const float* dy = args.dy.data;
  const float* slope = args.slope.data;
  eachElement(ctx, args.dy.rows * args.dy.cols, [=](int64_t i, auto part) {
    put(dx + i, simd::mul(take(dy + i, part), take(slope + i, part)), part);
  });
}

}  // namespace
}  // namespace flashlm
