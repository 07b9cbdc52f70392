#pragma once

namespace flashlm {
namespace {

/** Whether a document begins at row `row`, the t-th of its sequence: what came before must not be seen. */
SIMD_INLINE bool documentBegins(const int32_t* starts, int64_t row, int64_t t) {
  return starts && t > 0 && starts[row] == t;
}

/** The first row of its sequence that row `row` sees; from row 0 on it also sees the state. */
SIMD_INLINE int64_t firstSeen(const int32_t* starts, int64_t row) { return starts ? starts[row] : 0; }

/**
 * How many rows of a document of a sequence of `seqLen` rows follow row `row`, the t-th of the sequence, up
 * to `most` of them.
 */
SIMD_INLINE int64_t rowsThatFollow(const int32_t* starts, int64_t row, int64_t t, int64_t seqLen,
                                   int64_t most) {
  const int64_t left = seqLen - 1 - t, last = left < most ? left : most;
  if (!starts) return last;
  int64_t found = 0;
  while (found < last && starts[row + found + 1] <= t) found++;
  return found;
}

}  // namespace
}  // namespace flashlm
