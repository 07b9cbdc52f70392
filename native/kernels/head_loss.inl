#pragma once

#include "gemm.inl"
#include "softmax_cross_entropy.inl"

namespace flashlm {
namespace {

/** Rows whose logits are formed at once: still in the second level cache when softmax and outDh read them. */
constexpr int64_t HEAD_ROWS = 32;

/** The table as the right operand of two products: of the logits, and of the rows' gradient where it is wanted. */
struct HeadPanels {
  Panels transposed, table;
};

/** Logits, loss, dz and outDh of rows [begin, end), whose dz begins at `dz`. */
template <class Steps>
inline void headRows(const HeadLossArgs& args, const HeadPanels& panels, int64_t begin, int64_t end, float* dz) {
  const int64_t D = args.h.cols, V = args.table.rows;
  const bool gradient = args.outDh.data || args.accTable.data;
  for (int64_t tile = begin; tile < end; tile += HEAD_ROWS) {
    const int64_t rows = atMost(end - tile, HEAD_ROWS);
    float* z = dz + (tile - begin) * V;
    multiply<Steps>(tile, rows, RowsOperand<Steps>{args.h.data, D}, panels.transposed, 0, panels.transposed.count(),
                    {z, V, V}, {Into::replace});
    for (int64_t r = 0; r < rows; r++) {
      args.outNats.data[tile + r] =
          softmaxRow(gradient ? z + r * V : nullptr, z + r * V, V, targetsOf(args, tile + r), args.scale);
    }
    if (args.outDh.data) {
      multiply<Steps>(0, rows, RowsOperand<Steps>{z, V}, panels.table, 0, panels.table.count(),
                      {args.outDh.data + tile * D, D, D}, {Into::replace});
    }
  }
}

template <class Steps>
inline void headLossIn(Context& ctx, const HeadLossArgs& args) {
  const int64_t M = args.h.rows, D = args.h.cols, V = args.table.rows;
  const int64_t chunk = atMost(M, ROW_CHUNK);
  float* dz = ctx.scratch.get<float>(static_cast<size_t>(chunk * V));
  const HeadPanels panels = {newPanels(ctx, stepsOf<Steps>(D), V), args.outDh.data ? newPanels(ctx, stepsOf<Steps>(V), D) : Panels{nullptr, 0, 0}};
  const Panels h = args.accTable.data ? newPanels(ctx, stepsOf<Steps>(chunk), D) : Panels{nullptr, 0, 0};
  if (ctx.scratch.failed()) return;
  packColumns<Steps>(ctx, panels.transposed, D, args.table.data);
  if (args.outDh.data) packRows<Steps>(ctx, panels.table, V, args.table.data);

  for (int64_t first = 0; first < M; first += chunk) {
    const int64_t rows = atMost(M - first, chunk);
    const int threads = threadsFor(ctx, rows * V * D, PRODUCT_SHARE);
    parallelRows(threads, rows, simd::TILE_ROWS, [&](int64_t begin, int64_t end, int) {
      headRows<Steps>(args, panels, first + begin, first + end, dz + begin * V);
    });
    if (!args.accTable.data) continue;
    const Panels right = {h.data, stepsOf<Steps>(rows), D};
    packRows<Steps>(ctx, right, rows, args.h.data + first * D);
    multiplyParallel<Steps>(ctx, V, ColumnsOperand<Steps>{dz, rows, V}, right, whole(args.accTable), {Into::add});
  }
}

inline void headLoss(Context& ctx, const HeadLossArgs& args) noexcept {
  args.precision == HeadLossPrecision::bf16 ? headLossIn<Bf16Steps>(ctx, args) : headLossIn<FloatSteps>(ctx, args);
}

}  // namespace
}  // namespace flashlm
