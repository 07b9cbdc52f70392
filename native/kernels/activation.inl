#include "curves.inl"
#include "vectors.inl"

namespace flashlm {
namespace {

void activation(Context& ctx, const ActivationArgs& args) noexcept {
  float* out = args.out.data;
  float* slopes = args.outSlope.data;
  const float* xs = args.x.data;
  const int64_t count = args.x.rows * args.x.cols;
  withCurve(args.fn, [&](auto curve) {
    eachElementByFour(ctx, count, [=](int64_t i, auto part, auto registers) INLINE_BODY {
      constexpr int N = registers.COUNT;
      simd::Vec x[N], y[N], slope[N];
      for (int j = 0; j < N; j++) x[j] = take(xs + i + j * simd::LANES, part);
      curve.at(x, y, slope);
      for (int j = 0; j < N; j++) {
        const int64_t at = i + j * simd::LANES;
        put(out + at, y[j], part);
        if (slopes) put(slopes + at, slope[j], part);
      }
    });
  });
}

}  // namespace
}  // namespace flashlm
