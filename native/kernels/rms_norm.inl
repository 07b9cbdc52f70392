#include "row_sums.inl"

namespace flashlm {
namespace {

void rmsNorm(Context& ctx, const RmsNormArgs& args) noexcept {
  const int64_t D = args.x.cols;
  float* outs = args.out.data;
  float* rstd = args.outRstd.data;
  const float* xs = args.x.data;
  const float* gain = args.gain.data;
  const double eps = args.eps;
  const auto rstdOf = [=](int64_t row) {
    const float* x = xs + row * D;
    return rstd[row] = static_cast<float>(1 / __builtin_sqrt(rowSquares(x, D) / D + eps));
  };
  eachRowInTwoPasses(ctx, args.x.rows, D, rstdOf, [=](int64_t row, float rstdOfRow) {
    float* out = outs + row * D;
    const float* x = xs + row * D;
    const simd::Vec r = simd::broadcast(rstdOfRow);
    eachVector(0, D, [=](int64_t i, auto part) {
      const simd::Vec normed = simd::mul(r, take(x + i, part));
      put(out + i, gain ? simd::mul(normed, take(gain + i, part)) : normed, part);
    });
  });
}

void rmsNormGrad(Context& ctx, const RmsNormGradArgs& args) noexcept {
  const int64_t rows = args.x.rows, D = args.x.cols;
  float* dxs = args.outDx.data;
  const float* dys = args.dy.data;
  const float* xs = args.x.data;
  const float* gain = args.gain.data;
  const float* rstd = args.rstd.data;
  float* accGain = args.accGain.data;

  const auto onRow = [=](int64_t row, float* gainSums) {
    float* dx = dxs + row * D;
    const float* dy = dys + row * D;
    const float* x = xs + row * D;
    const auto upstream = [=](int64_t i, auto part) {
      const simd::Vec g = take(dy + i, part);
      return gain ? simd::mul(g, take(gain + i, part)) : g;
    };
    const double ux = sumVectors(D, [=](simd::Vec sum, int64_t i, auto part) {
      return simd::fma(upstream(i, part), take(x + i, part), sum);
    });
    const double r64 = rstd[row];
    const simd::Vec r = simd::broadcast(rstd[row]);
    const simd::Vec projection = simd::broadcast(static_cast<float>(r64 * r64 * ux / D));
    eachVector(0, D, [=](int64_t i, auto part) {
      const simd::Vec v = take(x + i, part);
      put(dx + i, simd::mul(r, simd::fnma(v, projection, upstream(i, part))), part);
      if (!gainSums) return;
      const simd::Vec normed = simd::mul(v, r);
      put(gainSums + i, simd::fma(take(dy + i, part), normed, take(gainSums + i, part)), part);
    });
  };
  eachRowWithSums(ctx, rows, D, accGain ? D : 0, onRow,
                  [=](const PartSums& sums) { foldParts(accGain, D, sums, 0); });
}

}  // namespace
}  // namespace flashlm
