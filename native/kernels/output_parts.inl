#pragma once

#include "panels.inl"

// How threads share the output of a matrix product.
namespace flashlm {
namespace {

/** Multiply-adds that are worth a thread: several times what it takes to wake one. */
constexpr int64_t PRODUCT_SHARE = 1 << 20;

/**
 * Calls `body(rowBegin, rowEnd, panelBegin, panelEnd, thread)` on all threads for parts that cover an output of rows
 * x panels, each element of which takes `steps` products: split by rows, in tiles of `tileRows`, or by panels
 * where there are too few rows for the threads.
 */
template <class Body>
inline void eachOutputPart(const Context& ctx, int64_t rows, int64_t tileRows, int64_t panels, int64_t steps,
                           const Body& body) {
  const int threads = threadsFor(ctx, rows * panels * TILE_COLS * steps, PRODUCT_SHARE);
  if (rows < threads * tileRows) {
    parallelRows(threads, panels, 1,
                 [&](int64_t begin, int64_t end, int thread) { body(int64_t{0}, rows, begin, end, thread); });
  } else {
    parallelRows(threads, rows, tileRows,
                 [&](int64_t begin, int64_t end, int thread) { body(begin, end, int64_t{0}, panels, thread); });
  }
}

}  // namespace
}  // namespace flashlm
