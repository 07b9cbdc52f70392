#pragma once

#include "gemm.inl"
#include "row_sums.inl"
#include "softmax_cross_entropy.inl"

namespace flashlm {
namespace {

inline int64_t headRowsAtOnce(const Context& ctx, int64_t V) {
  const int64_t fitting = HEAD_VALUES / V / ROW_CHUNK * ROW_CHUNK;
  return fitting < ROW_CHUNK ? ROW_CHUNK : atMost(fitting, packedRows(ctx));
}

/** The table as the right operand of two products: the logits and, if wanted, the gradient of h. */
struct HeadPanels {
  Panels transposed, table;
};

/** `to += row` */
inline void addRow(float* to, const float* row, int64_t count) {
  eachVector(0, count, [=](int64_t i, auto part) {
    put(to + i, simd::add(take(to + i, part), take(row + i, part)), part);
  });
}

static_assert(HEAD_ROWS == PART_ROWS, "a tile of logits is one part of a sum over rows");

/**
 * Logits, loss, dz and outDh of rows [begin, end), counted from row `first`. dz is packed for the table's
 * gradient and summed in `sums` for the bias's, where those are wanted. Only HEAD_ROWS rows of logits exist
 * at a time, in `z`; a row for the slopes of the cap follows them.
 */
template <class Steps>
inline void headRows(const HeadLossArgs& args, const HeadPanels& panels, const PackedColumns<Steps>& packed,
                     const PartSums& sums, int64_t first, int64_t begin, int64_t end, float* z) {
  const int64_t D = args.h.cols, V = args.table.rows;
  const bool gradient = args.outDh.data || args.accTable.data || args.accBias.data;
  const LossOptions options = lossOptions(args);
  for (int64_t tile = begin; tile < end; tile += HEAD_ROWS) {
    const int64_t rows = atMost(end - tile, HEAD_ROWS), row = first + tile;
    multiply<Steps>(row, rows, RowsOperand<Steps>{args.h.data, D}, panels.transposed, 0,
                    panels.transposed.count(), {z, V, V}, {Into::replace});
    for (int64_t r = 0; r < rows; r++) {
      float* logits = z + r * V;
      if (args.bias.data) addRow(logits, args.bias.data, V);
      args.outNats.data[row + r] = lossRow(gradient ? logits : nullptr, logits, V, targetsOf(args, row + r),
                                           options, logits, z + HEAD_ROWS * V);
    }
    if (args.accBias.data) {
      memset(sums.of(tile), 0, static_cast<size_t>(V) * sizeof(float));
      for (int64_t r = 0; r < rows; r++) addRow(sums.of(tile), z + r * V, V);
    }
    if (args.outDh.data) {
      multiply<Steps>(0, rows, RowsOperand<Steps>{z, V}, panels.table, 0, panels.table.count(),
                      {args.outDh.data + row * D, D, D}, {Into::replace});
    }
    if (!args.accTable.data) continue;
    packColumnBlock(packed, tile / ROW_CHUNK, tile % ROW_CHUNK, rows, 0, V,
                    [=](int64_t r, int64_t c, auto part) { return take(z + r * V + c, part); });
  }
}

template <class Steps>
inline void headLossIn(Context& ctx, const HeadLossArgs& args) {
  const int64_t M = args.h.rows, D = args.h.cols, V = args.table.rows,
                most = atMost(M, headRowsAtOnce(ctx, V));
  const bool wantsDh = args.outDh.data, wantsTable = args.accTable.data;
  const Panels none(nullptr, 0, 0);
  const HeadPanels panels = {newPanels(ctx, stepsOf<Steps>(D), V),
                             wantsDh ? newPanels(ctx, stepsOf<Steps>(V), D) : none};
  Panels h = wantsTable ? newPanels(ctx, stepsOf<Steps>(most), D) : none;
  PackedColumns<Steps> dz = {};
  if (wantsTable) dz = newPackedColumns<Steps>(ctx, most, V);
  const int64_t roomRows = args.cap > 0 ? HEAD_ROWS + 1 : HEAD_ROWS;
  const int64_t busy = atMost(ctx.threads, ceilDiv(most, HEAD_ROWS));
  float* z = ctx.scratch.get<float>(static_cast<size_t>(busy * roomRows * V));
  PartSums sums = {nullptr, most, V};
  if (args.accBias.data) sums.data = ctx.scratch.get<float>(static_cast<size_t>(sums.count()));
  if (ctx.scratch.failed()) return;
  fillPanels(ctx, panels.transposed, columnsFill<Steps>(D, args.table.data));
  if (wantsDh) fillPanels(ctx, panels.table, rowsFill<Steps>(V, args.table.data, D));

  for (int64_t first = 0; first < M; first += most) {
    const int64_t rows = atMost(M - first, most);
    dz.values = rows;
    sums.rows = rows;
    // HEAD_ROWS at a time, so that no tile lies in two chunks.
    parallelRows(threadsFor(ctx, rows * V * D, PRODUCT_SHARE), rows, HEAD_ROWS,
                 [&](int64_t begin, int64_t end, int thread) {
                   headRows<Steps>(args, panels, dz, sums, first, begin, end, z + thread * roomRows * V);
                 });
    if (args.accBias.data) foldParts(args.accBias.data, V, sums, 0);
    if (!wantsTable) continue;
    h.steps = stepsOf<Steps>(rows);
    fillPanels(ctx, h, rowsFill<Steps>(rows, args.h.data + first * D, D));
    multiplyParallel<Steps>(ctx, V, dz, h, whole(args.accTable), {Into::add});
  }
}

inline void headLoss(Context& ctx, const HeadLossArgs& args) noexcept {
  withFloatSteps(args.precision, [&](auto steps) { headLossIn<decltype(steps)>(ctx, args); });
}

}  // namespace
}  // namespace flashlm
