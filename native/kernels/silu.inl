#include "sigmoid.inl"
#include "vectors.inl"

namespace flashlm {
namespace {

void silu(Context& ctx, const SiluArgs& args) noexcept {
  float* out = args.out.data;
  float* slope = args.outSlope.data;
  const float* x = args.x.data;
  eachElementByFour(ctx, args.x.rows * args.x.cols, [=](int64_t i, auto part, auto registers) INLINE_BODY {
    constexpr int N = registers.COUNT;
    simd::Vec v[N];
    for (int j = 0; j < N; j++) v[j] = take(x + i + j * simd::LANES, part);
    const Sigmoid<N> s(v);
    for (int j = 0; j < N; j++) {
      const int64_t at = i + j * simd::LANES;
      const simd::Vec y = simd::mul(v[j], s.of[j]);
      put(out + at, y, part);
      if (slope) put(slope + at, simd::fma(y, s.rest[j], s.of[j]), part);
    }
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
