#pragma once

#include "panels.inl"

// How threads split the output of a matrix product.
namespace flashlm {
namespace {

/** How the output is split: into `rowParts` x `panelParts` parts. */
struct OutputGrid {
  int64_t rowParts, panelParts;
};

/** The grid of at most `threads` parts whose largest part is smallest; of several, the one with most row
 * parts. */
inline OutputGrid outputGrid(int64_t threads, int64_t rowTiles, int64_t panels) {
  OutputGrid best = {1, 1};
  int64_t smallest = INT64_MAX;
  for (int64_t rowParts = 1; rowParts <= atMost(threads, rowTiles); rowParts++) {
    const int64_t panelParts = atMost(threads / rowParts, panels);
    const int64_t largest = ceilDiv(rowTiles, rowParts) * ceilDiv(panels, panelParts);
    if (largest > smallest) continue;
    smallest = largest;
    best = {rowParts, panelParts};
  }
  return best;
}

/**
 * Calls `body(rowBegin, rowEnd, panelBegin, panelEnd, thread)` on all threads for parts that cover an output
 * of rows x panels, with `steps` steps per element. Parts are split by rows, in tiles of `tileRows`, and by
 * panels too if there are fewer row tiles than threads.
 */
template <class Body>
inline void eachOutputPart(const Context& ctx, int64_t rows, int64_t tileRows, int64_t panels, int64_t steps,
                           const Body& body) {
  if (rows == 0 || panels == 0) return;
  const int threads = threadsFor(ctx, rows * panels * TILE_COLS * steps, PRODUCT_SHARE);
  const int64_t rowTiles = ceilDiv(rows, tileRows);
  const OutputGrid grid = outputGrid(threads, rowTiles, panels);
  parallelTasks(threads, grid.rowParts * grid.panelParts, [&](int64_t part, int thread) {
    const int64_t i = part / grid.panelParts, j = part % grid.panelParts;
    body(rowTiles * i / grid.rowParts * tileRows, atMost(rowTiles * (i + 1) / grid.rowParts * tileRows, rows),
         panels * j / grid.panelParts, panels * (j + 1) / grid.panelParts, thread);
  });
}

}  // namespace
}  // namespace flashlm
