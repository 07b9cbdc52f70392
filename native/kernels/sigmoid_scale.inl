#include "row_sums.inl"
#include "sigmoid.inl"

// Products of all elements with the sigmoid of one number.
namespace flashlm {
namespace {

/** sigmoid(logit) and 1 - sigmoid(logit) in every lane. */
inline Sigmoid<1> sigmoidOf(const float* logit) { return Sigmoid<1>({simd::broadcast(*logit)}); }

void sigmoidScale(Context& ctx, const SigmoidScaleArgs& args) noexcept {
  float* out = args.out.data;
  const float* x = args.x.data;
  const simd::Vec s = sigmoidOf(args.logit.data).of[0];
  eachElement(ctx, args.x.rows * args.x.cols,
              [=](int64_t i, auto part) { put(out + i, simd::mul(s, take(x + i, part)), part); });
}

void sigmoidScaleGrad(Context& ctx, const SigmoidScaleGradArgs& args) noexcept {
  const int64_t D = args.x.cols;
  float* dxs = args.outDx.data;
  const float* dys = args.dy.data;
  const float* xs = args.x.data;
  float* accLogit = args.accLogit.data;
  const Sigmoid<1> sigmoid = sigmoidOf(args.logit.data);
  const simd::Vec s = sigmoid.of[0], slope = simd::mul(s, sigmoid.rest[0]);
  const auto onRow = [=](int64_t row, float* sum) {
    float* dx = dxs + row * D;
    const float* dy = dys + row * D;
    const float* x = xs + row * D;
    eachVector(0, D, [=](int64_t i, auto part) { put(dx + i, simd::mul(s, take(dy + i, part)), part); });
    *sum += static_cast<float>(sumVectors(D, [=](simd::Vec terms, int64_t i, auto part) {
      return simd::fma(take(dy + i, part), take(x + i, part), terms);
    }));
  };
  eachRowWithSums(ctx, args.x.rows, D, 1, onRow, [=](const PartSums& sums) {
    foldParts(accLogit, 1, sums, 0, [=](simd::Vec sum, int64_t, auto) { return simd::mul(sum, slope); });
  });
}

}  // namespace
}  // namespace flashlm
