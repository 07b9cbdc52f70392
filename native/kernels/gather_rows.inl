#include <string.h>

#include "vectors.inl"

namespace flashlm {
namespace {

void gatherRows(Context& ctx, const GatherRowsArgs& args) noexcept {
  const int64_t D = args.table.cols;
  float* out = args.out.data;
  const float* table = args.table.data;
  const int32_t* ids = args.ids.data;
  eachRow(ctx, args.ids.rows, D,
          [=](int64_t row) { memcpy(out + row * D, table + ids[row] * D, D * sizeof(float)); });
}

}  // namespace
}  // namespace flashlm
