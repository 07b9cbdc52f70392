#include "sigmoid.inl"
#include "vectors.inl"

namespace flashlm {
namespace {

void silu(Context& ctx, const SiluArgs& args) noexcept {
  float* out = args.out.data;
  const float* x = args.x.data;
  eachElement(ctx, args.x.rows * args.x.cols, [=](int64_t i, auto part) {
    const simd::Vec v = take(x + i, part);
    put(out + i, simd::mul(v, sigmoid(v)), part);
  });
}

void siluGrad(Context& ctx, const SiluGradArgs& args) noexcept {
  float* dx = args.outDx.data;
  const float* dy = args.dy.data;
  const float* x = args.x.data;
  const simd::Vec one = simd::broadcast(1.0f);
  eachElement(ctx, args.x.rows * args.x.cols, [=](int64_t i, auto part) {
    const simd::Vec v = take(x + i, part);
    const simd::Vec s = sigmoid(v);
    const simd::Vec slope = simd::mul(s, simd::fma(v, simd::sub(one, s), one));
    put(dx + i, simd::mul(take(dy + i, part), slope), part);
  });
}

}  // namespace
}  // namespace flashlm
