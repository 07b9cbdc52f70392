#pragma once

#include "document_starts.inl"
#include "vectors.inl"

// Loops over the rows of each sequence, in which every column goes by itself: what a column carries from row
// to row stays in a register.
namespace flashlm {
namespace {

/** Columns that a thread takes: whole cache lines of every row. */
constexpr int64_t SCAN_COLS = 64;

/**
 * Calls `body(sequence, i, part, registers)` for the columns [0, cols) of every sequence, four registers or
 * one at a time, on all threads. `body` captures by value: see `eachRow`.
 */
template <class Body>
inline void eachColumnScan(const Context& ctx, int64_t sequences, int64_t seqLen, int64_t cols,
                           const Body& body) {
  const int64_t blocks = (cols + SCAN_COLS - 1) / SCAN_COLS;
  const int64_t elements = seqLen * (cols < SCAN_COLS ? cols : SCAN_COLS);
  const int64_t grain = elements < THREAD_ELEMENTS ? THREAD_ELEMENTS / elements : 1;
  parallelRows(ctx.threads, sequences * blocks, grain, [&](int64_t begin, int64_t end, int) {
    const Body own = body;
    for (int64_t task = begin; task < end; task++) {
      const int64_t sequence = task / blocks, first = task % blocks * SCAN_COLS;
      const int64_t last = cols - first < SCAN_COLS ? cols : first + SCAN_COLS;
      eachFour(first, last,
               [&](int64_t i, auto part, auto registers) INLINE_BODY { own(sequence, i, part, registers); });
    }
  });
}

}  // namespace
}  // namespace flashlm
