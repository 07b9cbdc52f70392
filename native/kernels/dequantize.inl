#include "panels.inl"
#include "vectors.inl"

namespace flashlm {
namespace {

/** Codes [i, ...) as floats: a register of them, or what is left of one. */
SIMD_INLINE simd::Vec takeCodes(const int8_t* p, Whole) { return simd::toFloat(simd::loadCodeInts(p)); }
SIMD_INLINE simd::Vec takeCodes(const int8_t* p, Tail tail) {
  return simd::toFloat(simd::loadCodeIntsPartial(p, tail.count));
}

void dequantizeRows(Context& ctx, const DequantizeRowsArgs& args) noexcept {
  const int64_t K = args.out.cols;
  float* outs = args.out.data;
  const int8_t* codes = args.x_codes.data;
  const float* scales = args.x_scale.data;
  eachRow(ctx, args.out.rows, K, [=](int64_t row) {
    const simd::Vec scale = simd::broadcast(scales[row]);
    eachVector(row * K, (row + 1) * K, [=](int64_t i, auto part) {
      put(outs + i, simd::mul(scale, takeCodes(codes + i, part)), part);
    });
  });
}

void blendTernary(Context& ctx, const BlendTernaryArgs& args) noexcept {
  const int64_t K = args.out.cols;
  float* outs = args.out.data;
  const int8_t* codes = args.w_codes.data;
  const float* masters = args.master.data;
  const float* rowScales = args.w_rowScale.data;
  const float scaleOfAll = args.w_scale.data[0];
  const simd::Vec share = simd::broadcast(static_cast<float>(args.share));
  const simd::Vec rest = simd::broadcast(static_cast<float>(1 - args.share));
  eachRow(ctx, args.out.rows, K, [=](int64_t row) {
    const simd::Vec scale = simd::broadcast(rowScales ? scaleOfAll * rowScales[row] : scaleOfAll);
    eachVector(row * K, (row + 1) * K, [=](int64_t i, auto part) {
      const simd::Vec value = simd::mul(scale, takeCodes(codes + i, part));
      if (!masters) return put(outs + i, value, part);
      put(outs + i, simd::fma(share, value, simd::mul(rest, take(masters + i, part))), part);
    });
  });
}

}  // namespace
}  // namespace flashlm
