#pragma once

#include <string.h>

#include "vectors.inl"

// Sums over rows, one per column, in the order that core/kernels.ts defines for ROW_CHUNK. No other file
// computes them.
namespace flashlm {
namespace {

/** The sums of each part of a call's rows, `cols` per part. */
struct PartSums {
  float* data;
  int64_t rows, cols;

  /** Floats of all parts. */
  int64_t count() const { return (rows + PART_ROWS - 1) / PART_ROWS * cols; }
  float* of(int64_t row) const { return data + row / PART_ROWS * cols; }
};

/**
 * Calls `body(begin, end, sums)` for the parts of a call's `rows` rows of `elements` values each, on all
 * threads. The body adds the terms of its rows, in order, to `sums` [cols], which start at zero. Then
 * `fold(PartSums)` adds the parts to the outputs, with `foldParts`. Without sums (`cols` is 0), `sums` is
 * null and `fold` is not called. In a deferred region only the phase of `ctx.sum` runs.
 */
template <class Body, class Fold>
inline void eachPartWithSums(Context& ctx, int64_t rows, int64_t elements, int64_t cols, const Body& body,
                             const Fold& fold) {
  RowSum* const deferred = cols ? ctx.sum : nullptr;
  PartSums parts = {nullptr, deferred ? deferred->rows : rows, cols};
  if (deferred && deferred->phase == RowSum::Phase::size) {
    deferred->bytes = static_cast<size_t>(parts.count()) * sizeof(float);
    return;
  }
  if (deferred) parts.data = reinterpret_cast<float*>(deferred->room);
  else if (cols) parts.data = ctx.scratch.get<float>(parts.count());
  if (cols && !parts.data) return;

  if (!deferred || deferred->phase == RowSum::Phase::rows) {
    const int64_t perPart = PART_ROWS * elements, first = deferred ? deferred->begin : 0;
    const int64_t grain = perPart < THREAD_ELEMENTS ? THREAD_ELEMENTS / perPart * PART_ROWS : PART_ROWS;
    parallelRows(ctx.threads, rows, grain, [&](int64_t begin, int64_t end, int) {
      const Body own = body;
      for (int64_t row = begin; row < end; row += PART_ROWS) {
        float* sums = cols ? parts.of(first + row) : nullptr;
        if (sums) memset(sums, 0, cols * sizeof(float));
        own(row, end - row < PART_ROWS ? end : row + PART_ROWS, sums);
      }
    });
  }
  if (cols && (!deferred || deferred->phase == RowSum::Phase::finish)) fold(parts);
}

/** `eachPartWithSums`, calling `body(row, sums)` for every row. */
template <class Body, class Fold>
inline void eachRowWithSums(Context& ctx, int64_t rows, int64_t elements, int64_t cols, const Body& body,
                            const Fold& fold) {
  const auto ofPart = [=](int64_t begin, int64_t end, float* sums) {
    for (int64_t row = begin; row < end; row++) body(row, sums);
  };
  eachPartWithSums(ctx, rows, elements, cols, ofPart, fold);
}

/** `acc[i] += finish(sum of column first + i over a chunk, i, part)` for i in [0, count), for each chunk in
 * order. */
template <class Finish>
inline void foldParts(float* acc, int64_t count, const PartSums& parts, int64_t first, const Finish& finish) {
  for (int64_t chunk = 0; chunk < parts.rows; chunk += ROW_CHUNK) {
    const int64_t end = parts.rows - chunk < ROW_CHUNK ? parts.rows : chunk + ROW_CHUNK;
    eachVector(0, count, [&](int64_t i, auto part) {
      simd::Vec sum = simd::zero();
      for (int64_t row = chunk; row < end; row += PART_ROWS) {
        sum = simd::add(sum, take(parts.of(row) + first + i, part));
      }
      put(acc + i, simd::add(take(acc + i, part), finish(sum, i, part)), part);
    });
  }
}

/** `foldParts` with unchanged sums. */
inline void foldParts(float* acc, int64_t count, const PartSums& parts, int64_t first) {
  foldParts(acc, count, parts, first, [](simd::Vec sum, int64_t, auto) { return sum; });
}

}  // namespace
}  // namespace flashlm
