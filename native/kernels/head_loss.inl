#pragma once

#include "gemm.inl"
#include "softmax_cross_entropy.inl"

namespace flashlm {
namespace {

/** Rows whose logits are formed at once: still in the second level cache when softmax and outDh read them. */
constexpr int64_t HEAD_ROWS = 32;

/** Logits, loss, dz and outDh of rows [begin, end), whose dz begins at `dz`. */
inline void headRows(const HeadLossArgs& args, const Panels& tableTransposed, const Panels& table,
                     int64_t begin, int64_t end, float* dz) {
  const int64_t D = args.h.cols, V = args.table.rows;
  const bool gradient = args.outDh.data || args.accTable.data;
  for (int64_t tile = begin; tile < end; tile += HEAD_ROWS) {
    const int64_t rows = atMost(end - tile, HEAD_ROWS);
    float* z = dz + (tile - begin) * V;
    multiply(rows, {args.h.data + tile * D, D, 1}, tableTransposed, 0, tableTransposed.count(), {z, V, V},
             Into::replace);
    for (int64_t r = 0; r < rows; r++) {
      args.outNats.data[tile + r] =
          softmaxRow(gradient ? z + r * V : nullptr, z + r * V, V, targetsOf(args, tile + r), args.scale);
    }
    if (args.outDh.data) {
      multiply(rows, {z, V, 1}, table, 0, table.count(), {args.outDh.data + tile * D, D, D}, Into::replace);
    }
  }
}

inline void headLoss(Context& ctx, const HeadLossArgs& args) noexcept {
  const int64_t M = args.h.rows, D = args.h.cols, V = args.table.rows;
  const int64_t chunk = atMost(M, ROW_CHUNK);
  float* dz = ctx.scratch.get<float>(static_cast<size_t>(chunk * V));
  const Panels tableTransposed = newPanels(ctx, D, V);
  const Panels table = args.outDh.data ? newPanels(ctx, V, D) : Panels{nullptr, 0, 0};
  const Panels h = args.accTable.data ? newPanels(ctx, chunk, D) : Panels{nullptr, 0, 0};
  if (ctx.scratch.failed()) return;
  packColumns(ctx, tableTransposed, args.table.data);
  if (args.outDh.data) packRows(ctx, table, args.table.data);

  for (int64_t first = 0; first < M; first += chunk) {
    const int64_t rows = atMost(M - first, chunk);
    const int threads = threadsFor(ctx, rows * V * D, PRODUCT_SHARE);
    parallelRows(threads, rows, simd::TILE_ROWS, [&](int64_t begin, int64_t end, int) {
      headRows(args, tableTransposed, table, first + begin, first + end, dz + begin * V);
    });
    if (!args.accTable.data) continue;
    const Panels right = {h.data, rows, D};
    packRows(ctx, right, args.h.data + first * D);
    multiplyParallel(ctx, V, {dz, 1, V}, right, {args.accTable.data, D, D}, Into::add);
  }
}

}  // namespace
}  // namespace flashlm
