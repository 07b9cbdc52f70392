#include "curves.inl"
#include "vectors.inl"

namespace flashlm {
namespace {

void gate(Context& ctx, const GateArgs& args) noexcept {
  const int64_t D = args.out.cols;
  float* outs = args.out.data;
  float* factors = args.outFactors.data;
  const float* xs = args.x.data;
  withCurve(args.fn, [&](auto curve) {
    eachRow(ctx, args.out.rows, D, [=](int64_t row) {
      float* out = outs + row * D;
      float* factor = factors ? factors + 2 * row * D : nullptr;
      const float* as = xs + 2 * row * D;
      eachFour(0, D, [=](int64_t i, auto part, auto registers) INLINE_BODY {
        constexpr int N = registers.COUNT;
        simd::Vec a[N], y[N], slope[N];
        for (int j = 0; j < N; j++) a[j] = take(as + i + j * simd::LANES, part);
        curve.at(a, y, slope);
        for (int j = 0; j < N; j++) {
          const int64_t at = i + j * simd::LANES;
          const simd::Vec b = take(as + D + at, part);
          put(out + at, simd::mul(y[j], b), part);
          if (!factor) continue;
          put(factor + at, simd::mul(slope[j], b), part);
          put(factor + D + at, y[j], part);
        }
      });
    });
  });
}

void gateGrad(Context& ctx, const GateGradArgs& args) noexcept {
  const int64_t D = args.dy.cols;
  float* dxs = args.outDx.data;
  const float* dys = args.dy.data;
  const float* factors = args.factors.data;
  eachRow(ctx, args.dy.rows, D, [=](int64_t row) {
    float* dx = dxs + 2 * row * D;
    const float* dy = dys + row * D;
    const float* factor = factors + 2 * row * D;
    eachVector(0, D, [=](int64_t i, auto part) {
      const simd::Vec g = take(dy + i, part);
      put(dx + i, simd::mul(g, take(factor + i, part)), part);
      put(dx + D + i, simd::mul(g, take(factor + D + i, part)), part);
    });
  });
}

}  // namespace
}  // namespace flashlm
