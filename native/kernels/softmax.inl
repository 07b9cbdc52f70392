#include "softmax_cross_entropy.inl"

namespace flashlm {
namespace {

void softmax(Context& ctx, const SoftmaxArgs& args) noexcept {
  const int64_t D = args.x.cols;
  float* outs = args.out.data;
  const float* xs = args.x.data;
  const simd::Vec factor = simd::broadcast(static_cast<float>(args.factor));
  eachRow(ctx, args.x.rows, D, [=](int64_t row) {
    float* out = outs + row * D;
    const float* x = xs + row * D;
    eachVector(0, D, [=](int64_t i, auto part) { put(out + i, simd::mul(take(x + i, part), factor), part); });
    const double sum = expRow(out, out, D, rowMax(out, D));
    scaleRow(out, D, static_cast<float>(1 / sum));
  });
}

void softmaxGrad(Context& ctx, const SoftmaxGradArgs& args) noexcept {
  const int64_t D = args.p.cols;
  float* dxs = args.outDx.data;
  const float* dps = args.dp.data;
  const float* ps = args.p.data;
  const simd::Vec factor = simd::broadcast(static_cast<float>(args.factor));
  eachRow(ctx, args.p.rows, D, [=](int64_t row) {
    float* dx = dxs + row * D;
    const float* dp = dps + row * D;
    const float* p = ps + row * D;
    const double sum = sumVectors(D, [=](simd::Vec sum, int64_t i, auto part) {
      return simd::fma(take(p + i, part), take(dp + i, part), sum);
    });
    const simd::Vec mean = simd::broadcast(static_cast<float>(sum));
    eachVector(0, D, [=](int64_t i, auto part) {
      const simd::Vec share = simd::mul(take(p + i, part), factor);
      put(dx + i, simd::mul(share, simd::sub(take(dp + i, part), mean)), part);
    });
  });
}

}  // namespace
}  // namespace flashlm
