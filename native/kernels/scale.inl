#include "vectors.inl"

namespace flashlm {
namespace {

void scale(Context& ctx, const ScaleArgs& args) noexcept {
  float* x = args.x.data;
  const simd::Vec factor = simd::broadcast(static_cast<float>(args.factor));
  eachElement(ctx, args.x.rows * args.x.cols,
              [=](int64_t i, auto part) { put(x + i, simd::mul(take(x + i, part), factor), part); });
}

}  // namespace
}  // namespace flashlm
