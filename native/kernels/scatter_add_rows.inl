#include "vectors.inl"

namespace flashlm {
namespace {

/** Threads split the columns, not the rows, because ids repeat: each adds all rows to its columns in order.
 * Ids that have changed since they were checked stay in bounds, as in gatherRows. */
void scatterAddRows(Context& ctx, const ScatterAddRowsArgs& args) noexcept {
  const int64_t D = args.dy.cols, rows = args.ids.rows;
  float* table = args.accTable.data;
  const float* dy = args.dy.data;
  const int32_t* ids = args.ids.data;
  const uint32_t last = static_cast<uint32_t>(args.accTable.rows - 1);
  const int64_t grain = THREAD_ELEMENTS / rows < SCATTER_COLS
                            ? SCATTER_COLS
                            : THREAD_ELEMENTS / rows / SCATTER_COLS * SCATTER_COLS;
  parallelRows(ctx.threads, D, grain, [=](int64_t begin, int64_t end, int) {
    for (int64_t row = 0; row < rows; row++) {
      const uint32_t id = static_cast<uint32_t>(ids[row]);
      float* to = table + (id < last ? id : last) * D;
      const float* from = dy + row * D;
      eachVector(begin, end, [=](int64_t i, auto part) {
        put(to + i, simd::add(take(to + i, part), take(from + i, part)), part);
      });
    }
  });
}

}  // namespace
}  // namespace flashlm
