#pragma once

#include "panels.inl"

// How threads share the output of a matrix product.
namespace flashlm {
namespace {

/** How the output's tiles are cut: so many parts of the rows, each in so many parts of the panels. */
struct OutputGrid {
  int64_t rowParts, panelParts;
};

/** The grid of at most `threads` parts whose largest part is the smallest, with as many parts of the rows as
 * that allows. */
inline OutputGrid outputGrid(int64_t threads, int64_t rowTiles, int64_t panels) {
  OutputGrid best = {1, 1};
  int64_t least = INT64_MAX;
  for (int64_t rowParts = 1; rowParts <= atMost(threads, rowTiles); rowParts++) {
    const int64_t panelParts = atMost(threads / rowParts, panels);
    const int64_t largest = ceilDiv(rowTiles, rowParts) * ceilDiv(panels, panelParts);
    if (largest > least) continue;
    least = largest;
    best = {rowParts, panelParts};
  }
  return best;
}

/**
 * Calls `body(rowBegin, rowEnd, panelBegin, panelEnd, thread)` on all threads for parts that cover an output
 * of rows x panels, each element of which takes `steps` products: split by rows, in tiles of `tileRows`, and
 * by panels too where there are too few rows for the threads.
 */
template <class Body>
inline void eachOutputPart(const Context& ctx, int64_t rows, int64_t tileRows, int64_t panels, int64_t steps,
                           const Body& body) {
  if (rows == 0 || panels == 0) return;
  const Team team = teamFor(ctx, rows * panels * TILE_COLS * steps, PRODUCT_SHARE);
  const int64_t rowTiles = ceilDiv(rows, tileRows);
  const OutputGrid grid = outputGrid(team.busy, rowTiles, panels);
  parallelTasks(team, grid.rowParts * grid.panelParts, [&](int64_t part, int thread) {
    const int64_t i = part / grid.panelParts, j = part % grid.panelParts;
    body(rowTiles * i / grid.rowParts * tileRows, atMost(rowTiles * (i + 1) / grid.rowParts * tileRows, rows),
         panels * j / grid.panelParts, panels * (j + 1) / grid.panelParts, thread);
  });
}

}  // namespace
}  // namespace flashlm
