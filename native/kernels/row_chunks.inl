#pragma once

#include <string.h>

#include "../src/row_parts.h"
#include "vectors.inl"

// Sums over rows, one per column, in the order that core/kernels.ts fixes for ROW_CHUNK.
namespace flashlm {
namespace {

/** Floats that `eachRowInParts` needs for its partial sums. */
inline int64_t partialSums(int64_t rows, int64_t cols) { return (rows + PART_ROWS - 1) / PART_ROWS * cols; }

/**
 * `eachRow`, calling `body(row, sums)`, which adds the row's terms to `sums` [cols]. Sums begin at zero and are shared
 * by the rows of a part. `partials` may be null: then so is `sums`.
 */
template <class Body>
inline void eachRowInParts(const Context& ctx, int64_t rows, int64_t cols, float* partials, const Body& body) {
  const int64_t elements = PART_ROWS * cols;
  const int64_t grain = elements < THREAD_ELEMENTS ? THREAD_ELEMENTS / elements * PART_ROWS : PART_ROWS;
  parallelRows(ctx.threads, rows, grain, [&](int64_t begin, int64_t end, int) {
    const Body own = body;
    for (int64_t row = begin; row < end; row++) {
      float* sums = partials ? partials + row / PART_ROWS * cols : nullptr;
      if (sums && row % PART_ROWS == 0) memset(sums, 0, cols * sizeof(float));
      own(row, sums);
    }
  });
}

/** `acc += finish(sum of a chunk, i, part)` for each chunk in order. */
template <class Finish>
inline void foldParts(float* acc, const float* partials, int64_t rows, int64_t cols, const Finish& finish) {
  for (int64_t chunk = 0; chunk < rows; chunk += ROW_CHUNK) {
    const int64_t end = rows - chunk < ROW_CHUNK ? rows : chunk + ROW_CHUNK;
    eachVector(0, cols, [&](int64_t i, auto part) {
      simd::Vec sum = simd::zero();
      for (int64_t row = chunk; row < end; row += PART_ROWS) {
        sum = simd::add(sum, take(partials + row / PART_ROWS * cols + i, part));
      }
      put(acc + i, simd::add(take(acc + i, part), finish(sum, i, part)), part);
    });
  }
}

}  // namespace
}  // namespace flashlm
