#include "row_sums.inl"

namespace flashlm {
namespace {

void addBias(Context& ctx, const AddBiasArgs& args) noexcept {
  const int64_t D = args.x.cols;
  float* outs = args.out.data;
  const float* xs = args.x.data;
  const float* bias = args.bias.data;
  eachRow(ctx, args.x.rows, D, [=](int64_t row) {
    float* out = outs + row * D;
    const float* x = xs + row * D;
    eachVector(0, D, [=](int64_t i, auto part) {
      put(out + i, simd::add(take(x + i, part), take(bias + i, part)), part);
    });
  });
}

void addBiasGrad(Context& ctx, const AddBiasGradArgs& args) noexcept {
  const int64_t D = args.dy.cols;
  const float* dys = args.dy.data;
  float* accBias = args.accBias.data;
  const auto onRow = [=](int64_t row, float* sums) {
    const float* dy = dys + row * D;
    eachVector(0, D, [=](int64_t i, auto part) {
      put(sums + i, simd::add(take(dy + i, part), take(sums + i, part)), part);
    });
  };
  eachRowWithSums(ctx, args.dy.rows, D, D, onRow,
                  [=](const PartSums& sums) { foldParts(accBias, D, sums, 0); });
}

}  // namespace
}  // namespace flashlm
