#include "vectors.inl"

// Products of each group of columns with one number.
namespace flashlm {
namespace {

void scaleGroups(Context& ctx, const ScaleGroupsArgs& args) noexcept {
  const int64_t cols = args.x.cols / args.w.cols;
  float* outs = args.out.data;
  const float* xs = args.x.data;
  const float* ws = args.w.data;
  eachRow(ctx, args.x.rows * args.w.cols, cols, [=](int64_t group) {
    float* out = outs + group * cols;
    const float* x = xs + group * cols;
    const simd::Vec w = simd::broadcast(ws[group]);
    eachVector(0, cols, [=](int64_t i, auto part) { put(out + i, simd::mul(w, take(x + i, part)), part); });
  });
}

void scaleGroupsGrad(Context& ctx, const ScaleGroupsGradArgs& args) noexcept {
  const int64_t cols = args.x.cols / args.w.cols;
  float* dxs = args.outDx.data;
  float* dws = args.outDw.data;
  const float* dys = args.dy.data;
  const float* xs = args.x.data;
  const float* ws = args.w.data;
  eachRow(ctx, args.x.rows * args.w.cols, cols, [=](int64_t group) {
    float* dx = dxs + group * cols;
    const float* dy = dys + group * cols;
    const float* x = xs + group * cols;
    const simd::Vec w = simd::broadcast(ws[group]);
    dws[group] = static_cast<float>(sumVectors(cols, [=](simd::Vec sum, int64_t i, auto part) {
      return simd::fma(take(dy + i, part), take(x + i, part), sum);
    }));
    eachVector(0, cols, [=](int64_t i, auto part) { put(dx + i, simd::mul(w, take(dy + i, part)), part); });
  });
}

}  // namespace
}  // namespace flashlm
