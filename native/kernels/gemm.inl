#pragma once

#include "output_parts.inl"
#include "panels.inl"
#include "row_chunks.inl"

/**
 * The one float32 matrix product. The right operand is packed into panels, the left one is read in place
 * through a row stride and a step stride; so A.B, A.B^T and A^T.B share one kernel, and nothing is transposed
 * but what packing copies anyway. Scheme: Goto and van de Geijn, "Anatomy of High-Performance Matrix
 * Multiplication" (2008).
 *
 * Every output element adds up the same products in the same order, whichever tile it falls into. Results
 * therefore do not depend on a row's place in its block or on the number of threads.
 */
namespace flashlm {
namespace {

/** Rows taken in one go: their share of the left operand stays in the second level cache for all panels. */
constexpr int64_t ROW_BLOCK = 64;

/** How far ahead the left operand is fetched: read against its rows, each step is on another page. */
constexpr int64_t PREFETCH_STEPS = 16;

/** The left operand: the element of (row, step) is data[row * rowStride + step * stepStride]. */
struct Left {
  const float* data;
  int64_t rowStride, stepStride;

  Left from(int64_t row, int64_t step) const {
    return {data + row * rowStride + step * stepStride, rowStride, stepStride};
  }
};

/** Output rows of `stride` values; only the first `cols` columns exist. */
struct Output {
  float* data;
  int64_t stride, cols;

  Output from(int64_t row, int64_t col) const { return {data + row * stride + col, stride, cols - col}; }
};

/** What a tile does to the output. */
enum class Into { replace, add };

/**
 * One tile of ROWS x TILE_COLS: every sum stays in a register for all steps. Never inlined, because the
 * register allocator must see nothing else.
 */
template <int ROWS>
__attribute__((noinline)) void multiplyTile(Left left, const float* panel, int64_t steps, Output out,
                                            Into into) {
  simd::Vec sum[ROWS][simd::TILE_VECS];
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < simd::TILE_VECS; v++) sum[r][v] = simd::zero();
  }
  const float* a = left.data;
  for (int64_t step = 0; step < steps; step++) {
    simd::Vec b[simd::TILE_VECS];
#pragma GCC unroll 4
    for (int v = 0; v < simd::TILE_VECS; v++) b[v] = simd::load(panel + v * simd::LANES);
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++) {
      const simd::Vec x = simd::broadcast(a[r * left.rowStride]);
#pragma GCC unroll 4
      for (int v = 0; v < simd::TILE_VECS; v++) sum[r][v] = simd::fma(x, b[v], sum[r][v]);
    }
    __builtin_prefetch(a + PREFETCH_STEPS * left.stepStride);
    a += left.stepStride;
    panel += TILE_COLS;
  }
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; r++) {
    float* row = out.data + r * out.stride;
#pragma GCC unroll 4
    for (int v = 0; v < simd::TILE_VECS; v++) {
      const simd::Vec total =
          into == Into::add ? simd::add(loadUpTo(row, v, out.cols), sum[r][v]) : sum[r][v];
      storeUpTo(row, v, out.cols, total);
    }
  }
}

/** multiplyTile for 1 <= rows <= ROWS. */
template <int ROWS>
inline void multiplyTiles(int64_t rows, Left left, const float* panel, int64_t steps, Output out, Into into) {
  if constexpr (ROWS > 1) {
    if (rows < ROWS) return multiplyTiles<ROWS - 1>(rows, left, panel, steps, out, into);
  }
  multiplyTile<ROWS>(left, panel, steps, out, into);
}

/**
 * `rows` output rows from steps [first, first + steps) of the panels [panelBegin, panelEnd). `left` begins at
 * the first row and step, `out` at the first row.
 */
inline void multiplyBlock(int64_t rows, Left left, const Panels& right, int64_t panelBegin, int64_t panelEnd,
                          int64_t first, int64_t steps, Output out, Into into) {
  for (int64_t p = panelBegin; p < panelEnd; p++) {
    const float* panel = right.at(p, first);
    for (int64_t r = 0; r < rows; r += simd::TILE_ROWS) {
      multiplyTiles<simd::TILE_ROWS>(atMost(rows - r, simd::TILE_ROWS), left.from(r, 0), panel, steps,
                                     out.from(r, p * TILE_COLS), into);
    }
  }
}

/**
 * Whether a left operand that is read against its rows (A^T) is copied block by block first. Its steps lie
 * far apart, often in the same cache sets; only a tile with hundreds of products a step is long enough at
 * each to hide the fetch.
 */
constexpr bool COPY_TRANSPOSED = simd::TILE_ROWS * TILE_COLS < 256;

/** The left operand's `rows` x `steps` from the first row and step on, for which rowStride is 1, in one
 * piece. */
inline Left copyTransposed(float* to, Left left, int64_t rows, int64_t steps) {
  for (int64_t s = 0; s < steps; s++) {
    const float* from = left.data + s * left.stepStride;
    eachVector(0, rows,
               [&](int64_t r, auto part) { put(to + s * ROW_BLOCK + r, take(from + r, part), part); });
  }
  return {to, 1, ROW_BLOCK};
}

/**
 * `rows` output rows on the calling thread. Steps go in chunks of ROW_CHUNK, each summed by itself: that is
 * the order that sums over rows must have, it keeps a panel's share in the nearest caches, and long sums stay
 * more exact.
 */
inline void multiply(int64_t rows, Left left, const Panels& right, int64_t panelBegin, int64_t panelEnd,
                     Output out, Into into) {
  float copy[COPY_TRANSPOSED ? ROW_BLOCK * ROW_CHUNK : 1];
  for (int64_t r = 0; r < rows; r += ROW_BLOCK) {
    const int64_t count = atMost(rows - r, ROW_BLOCK);
    int64_t step = 0;
    do {
      const int64_t steps = atMost(right.steps - step, ROW_CHUNK);
      Left block = left.from(r, step);
      if (COPY_TRANSPOSED && block.stepStride != 1) block = copyTransposed(copy, block, count, steps);
      multiplyBlock(count, block, right, panelBegin, panelEnd, step, steps, out.from(r, 0),
                    step == 0 ? into : Into::add);
      step += ROW_CHUNK;
    } while (step < right.steps);
  }
}

/**
 * `rows` output rows on all threads. They share the output, not the steps: no thread needs a copy of an
 * accumulator, and the order of additions is fixed.
 */
inline void multiplyParallel(const Context& ctx, int64_t rows, Left left, const Panels& right, Output out,
                             Into into) {
  eachOutputPart(ctx, rows, simd::TILE_ROWS, right.count(), right.steps,
                 [&](int64_t rowBegin, int64_t rowEnd, int64_t panelBegin, int64_t panelEnd, int) {
                   multiply(rowEnd - rowBegin, left.from(rowBegin, 0), right, panelBegin, panelEnd,
                            out.from(rowBegin, 0), into);
                 });
}

/** out = left . right. */
inline void multiplyRows(const Context& ctx, Matrix<float> out, Matrix<const float> left,
                         const Panels& right) {
  multiplyParallel(ctx, left.rows, {left.data, left.cols, 1}, right, {out.data, out.cols, out.cols},
                   Into::replace);
}

/**
 * acc [rows x cols] += left^T . right for any number of steps. `pack(panels, first)` packs the right
 * operand's steps from `first` on; few chunks at a time, so that scratch memory does not grow with the number
 * of steps.
 */
template <class Pack>
inline void accumulateSteps(Context& ctx, Matrix<float> acc, Matrix<const float> left, const Pack& pack) {
  constexpr int64_t PACKED_STEPS = 4 * ROW_CHUNK;
  const Panels room = newPanels(ctx, atMost(left.rows, PACKED_STEPS), acc.cols);
  if (!room.data) return;
  for (int64_t first = 0; first < left.rows; first += PACKED_STEPS) {
    const Panels right = {room.data, atMost(left.rows - first, PACKED_STEPS), acc.cols};
    pack(right, first);
    multiplyParallel(ctx, acc.rows, {left.data + first * left.cols, 1, left.cols}, right,
                     {acc.data, acc.cols, acc.cols}, Into::add);
  }
}

}  // namespace
}  // namespace flashlm
