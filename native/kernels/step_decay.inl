#include "curves.inl"
#include "row_sums.inl"

// Decays of steps: -e^rate softplus(z).
namespace flashlm {
namespace {

/** -e^rate [D], computed once per call; null when memory is short. */
inline float* decayFactors(Context& ctx, const float* rate, int64_t D) {
  float* factors = ctx.scratch.get<float>(D);
  if (!factors) return nullptr;
  for (int64_t i = 0; i < D; i++) factors[i] = -__builtin_expf(rate[i]);
  return factors;
}

void stepDecay(Context& ctx, const StepDecayArgs& args) noexcept {
  const int64_t D = args.x.cols, outCols = args.out.cols;
  float* outs = args.out.data;
  const float* xs = args.x.data;
  const float* bias = args.bias.data;
  const float* factors = decayFactors(ctx, args.rate.data, D);
  if (!factors) return;
  eachRow(ctx, args.x.rows, outCols, [=](int64_t row) {
    eachFour(0, D, [=](int64_t i, auto part, auto registers) INLINE_BODY {
      constexpr int N = registers.COUNT;
      float* steps = outs + row * outCols + i;
      float* decays = steps + outCols - D;
      simd::Vec z[N], step[N], slope[N];
      for (int j = 0; j < N; j++) {
        const int64_t at = i + j * simd::LANES;
        z[j] = simd::add(take(xs + row * D + at, part), take(bias + at, part));
      }
      SoftplusCurve::at(z, step, slope);
      for (int j = 0; j < N; j++) {
        const int64_t at = j * simd::LANES;
        if (outCols > D) put(steps + at, step[j], part);
        put(decays + at, simd::mul(take(factors + i + at, part), step[j]), part);
      }
    });
  });
}

void stepDecayGrad(Context& ctx, const StepDecayGradArgs& args) noexcept {
  const int64_t D = args.x.cols, dyCols = args.dy.cols;
  float* dxs = args.outDx.data;
  float* accRate = args.accRate.data;
  float* accBias = args.accBias.data;
  const float* dys = args.dy.data;
  const float* xs = args.x.data;
  const float* bias = args.bias.data;
  const float* factors = decayFactors(ctx, args.rate.data, D);
  if (!factors) return;
  const auto onRow = [=](int64_t row, float* sums) {
    eachFour(0, D, [=](int64_t i, auto part, auto registers) INLINE_BODY {
      constexpr int N = registers.COUNT;
      const float* dSteps = dys + row * dyCols + i;
      const float* dDecays = dSteps + dyCols - D;
      simd::Vec z[N], step[N], slope[N];
      for (int j = 0; j < N; j++) {
        const int64_t at = i + j * simd::LANES;
        z[j] = simd::add(take(xs + row * D + at, part), take(bias + at, part));
      }
      SoftplusCurve::at(z, step, slope);
      for (int j = 0; j < N; j++) {
        const int64_t at = j * simd::LANES;
        const simd::Vec ofDecay = simd::mul(take(dDecays + at, part), take(factors + i + at, part));
        const simd::Vec ofStep = dyCols > D ? simd::add(take(dSteps + at, part), ofDecay) : ofDecay;
        const simd::Vec dz = simd::mul(ofStep, slope[j]);
        put(dxs + row * D + i + at, dz, part);
        float* ofRate = sums + i + at;
        put(ofRate, simd::fma(ofDecay, step[j], take(ofRate, part)), part);
        put(ofRate + D, simd::add(take(ofRate + D, part), dz), part);
      }
    });
  };
  eachRowWithSums(ctx, args.x.rows, D, 2 * D, onRow, [=](const PartSums& sums) {
    foldParts(accRate, D, sums, 0);
    foldParts(accBias, D, sums, D);
  });
}

}  // namespace
}  // namespace flashlm
