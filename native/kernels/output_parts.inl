#pragma once

#include "panels.inl"

// How threads share the output of a matrix product.
namespace flashlm {
namespace {

/** Multiply-adds that are worth a thread of their own: several times what it takes to wake one. */
constexpr int64_t THREAD_PRODUCTS = 1 << 20;

/** The fewest rows, in whole tiles, that are worth a thread. */
inline int64_t rowGrain(int64_t tileRows, int64_t productsPerRow) {
  return ceilDiv(THREAD_PRODUCTS, tileRows * (productsPerRow + 1)) * tileRows;
}

/**
 * Calls `body(rowBegin, rowEnd, panelBegin, panelEnd)` on all threads for parts that cover an output of rows
 * x panels, each element of which takes `steps` products: split by rows, in tiles of `tileRows`, or by panels
 * where there are too few rows for the threads.
 */
template <class Body>
inline void eachOutputPart(const Context& ctx, int64_t rows, int64_t tileRows, int64_t panels, int64_t steps,
                           const Body& body) {
  if (rows < ctx.threads * tileRows) {
    parallelRows(ctx.threads, panels, rowGrain(1, rows * steps * TILE_COLS),
                 [&](int64_t begin, int64_t end, int) { body(int64_t{0}, rows, begin, end); });
  } else {
    parallelRows(ctx.threads, rows, rowGrain(tileRows, panels * steps * TILE_COLS),
                 [&](int64_t begin, int64_t end, int) { body(begin, end, int64_t{0}, panels); });
  }
}

}  // namespace
}  // namespace flashlm
