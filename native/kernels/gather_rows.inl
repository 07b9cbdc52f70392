#include <string.h>

#include "vectors.inl"

namespace flashlm {
namespace {

/** Ids are checked when the call is made; one that has changed since, before a deferred call runs, only stays
 * in bounds. */
void gatherRows(Context& ctx, const GatherRowsArgs& args) noexcept {
  const int64_t D = args.table.cols;
  const uint32_t last = static_cast<uint32_t>(args.table.rows - 1);
  float* out = args.out.data;
  const float* table = args.table.data;
  const int32_t* ids = args.ids.data;
  eachRow(ctx, args.ids.rows, D, [=](int64_t row) {
    const uint32_t id = static_cast<uint32_t>(ids[row]);
    memcpy(out + row * D, table + (id < last ? id : last) * D, D * sizeof(float));
  });
}

}  // namespace
}  // namespace flashlm
