#include "vectors.inl"

namespace flashlm {
namespace {

void multiply(Context& ctx, const MultiplyArgs& args) noexcept {
  float* out = args.out.data;
  const float* a = args.a.data;
  const float* b = args.b.data;
  eachElement(ctx, args.a.rows * args.a.cols, [=](int64_t i, auto part) {
    put(out + i, simd::mul(take(a + i, part), take(b + i, part)), part);
  });
}

}  // namespace
}  // namespace flashlm
