#pragma once

#include "gemm.inl"

// The product a . b^T for a few rows of a, in float32, which is as fast as b is read: packing would take
// longer. A register of columns is made of LANES rows of b, four values of each at a time.
namespace flashlm {
namespace {

/** Registers of columns in a tile of so many rows: enough sums that none waits for the one before it. */
constexpr int inPlaceVecs(int rows) { return rows == 1 ? 4 : rows == 2 ? 3 : rows < 5 ? 2 : 1; }

/** Lane j is `p[j * stride]`, for the `cols` columns that exist. */
SIMD_INLINE simd::Vec columnUpTo(const float* p, int64_t stride, int64_t cols) {
  float lanes[simd::LANES] = {};
  for (int64_t j = 0; j < atMost(cols, simd::LANES); j++) lanes[j] = p[j * stride];
  return simd::load(lanes);
}

/**
 * One tile of ROWS rows of a and VECS registers of columns. Sums are formed in the order of
 * `multiplyFewRows`, chunk by chunk, so they have the same bits. `ahead`: whether the rows of b for the next
 * tile follow.
 */
template <int ROWS, int VECS>
__attribute__((noinline)) void inPlaceTile(const float* a, const float* b, int64_t values, bool ahead,
                                           Output out) {
  constexpr int64_t CHUNK = RowsOperand<FloatSteps>::CHUNK, COLS = VECS * simd::LANES;
  for (int64_t begin = 0; begin < values; begin += CHUNK) {
    const int64_t end = begin + atMost(values - begin, CHUNK);
    simd::Vec sum[ROWS][VECS];
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++) {
#pragma GCC unroll 4
      for (int v = 0; v < VECS; v++) sum[r][v] = simd::zero();
    }
    int64_t k = begin;
    for (; out.cols >= COLS && k + 4 <= end; k += 4) {
      if (ahead) prefetch(b + (values + k) * COLS, 4 * COLS);
#pragma GCC unroll 4
      for (int v = 0; v < VECS; v++) {
        simd::Vec columns[4];
        simd::loadColumns(b + v * simd::LANES * values + k, values, columns);
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) {
#pragma GCC unroll 8
          for (int r = 0; r < ROWS; r++)
            sum[r][v] = simd::fma(simd::broadcast(a[r * values + k + i]), columns[i], sum[r][v]);
        }
      }
    }
    for (; k < end; k++) {
#pragma GCC unroll 4
      for (int v = 0; v < VECS; v++) {
        const int64_t first = v * simd::LANES;
        const simd::Vec column = columnUpTo(b + first * values + k, values, out.cols - first);
#pragma GCC unroll 8
        for (int r = 0; r < ROWS; r++)
          sum[r][v] = simd::fma(simd::broadcast(a[r * values + k]), column, sum[r][v]);
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++) {
      float* row = out.data + r * out.stride;
#pragma GCC unroll 4
      for (int v = 0; v < VECS; v++) {
        simd::Vec total = sum[r][v];
        if (begin > 0) total = simd::add(loadUpTo(row, v, out.cols), total);
        storeUpTo(row, v, out.cols, total);
      }
    }
  }
}

/** The tiles of columns [begin, end). */
template <int ROWS, int VECS = inPlaceVecs(ROWS)>
inline void inPlaceTiles(const float* a, const Matrix<const float>& b, int64_t begin, int64_t end,
                         Output out) {
  constexpr int64_t COLS = VECS * simd::LANES;
  for (; begin + COLS <= end; begin += COLS) {
    inPlaceTile<ROWS, VECS>(a, b.data + begin * b.cols, b.cols, begin + 2 * COLS <= end, out.from(0, begin));
  }
  for (; begin < end; begin += simd::LANES)
    inPlaceTile<ROWS, 1>(a, b.data + begin * b.cols, b.cols, false, out.from(0, begin));
}

/** out = a . b^T for at most FloatSteps::ROWS rows. */
template <int ROWS = FloatSteps::ROWS>
inline void multiplyInPlace(const Context& ctx, Matrix<float> out, const Matrix<const float>& a,
                            const Matrix<const float>& b) {
  if constexpr (ROWS > 1) {
    if (a.rows < ROWS) return multiplyInPlace<ROWS - 1>(ctx, out, a, b);
  }
  if (a.rows == 0) return;
  const int threads = threadsFor(ctx, b.rows * b.cols, PACK_SHARE);
  parallelRows(threads, b.rows, TILE_COLS, [&](int64_t begin, int64_t end, int) {
    inPlaceTiles<ROWS>(a.data, b, begin, end, whole(out));
  });
}

}  // namespace
}  // namespace flashlm
