#pragma once

#include "vectors.inl"

// Small products of matrices that lie in others, for operands too small to be packed: those of attention's
// heads. Every element is one chain of fused multiply-adds over the steps in order, whatever tile it falls
// into, so that a product may be cut anywhere.
namespace flashlm {
namespace {

/** The left operand: element (i, k) is `data[i * row + k * step]`. */
struct Strided {
  const float* data;
  int64_t row, step;

  Strided from(int64_t i, int64_t k) const { return {data + i * row + k * step, row, step}; }
};

/** The right operand and the result: rows of `stride` values. */
template <class T>
struct Rows {
  T* data;
  int64_t stride;

  Rows from(int64_t row, int64_t col) const { return {data + row * stride + col, stride}; }
};

/** ROWS rows and VECS registers of `out += left . right`, the last register with as many lanes as `part`
 * says.
 */
template <int ROWS, int VECS, class Part>
__attribute__((noinline)) void addProductTile(Rows<float> out, Strided left, Rows<const float> right,
                                              int64_t steps, Part part) {
  simd::Vec sum[ROWS][VECS];
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; r++) {
    float* row = out.data + r * out.stride;
    for (int v = 0; v + 1 < VECS; v++) sum[r][v] = simd::load(row + v * simd::LANES);
    sum[r][VECS - 1] = take(row + (VECS - 1) * simd::LANES, part);
  }
  const float* a = left.data;
  const float* b = right.data;
  for (int64_t k = 0; k < steps; k++) {
    simd::Vec col[VECS];
    for (int v = 0; v + 1 < VECS; v++) col[v] = simd::load(b + v * simd::LANES);
    col[VECS - 1] = take(b + (VECS - 1) * simd::LANES, part);
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++) {
      const simd::Vec x = simd::broadcast(a[r * left.row]);
#pragma GCC unroll 4
      for (int v = 0; v < VECS; v++) sum[r][v] = simd::fma(x, col[v], sum[r][v]);
    }
    a += left.step;
    b += right.stride;
  }
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; r++) {
    float* row = out.data + r * out.stride;
    for (int v = 0; v + 1 < VECS; v++) simd::store(row + v * simd::LANES, sum[r][v]);
    put(row + (VECS - 1) * simd::LANES, sum[r][VECS - 1], part);
  }
}

/** Rows of a tile: with two registers each, sums and operands stay in registers. */
constexpr int PRODUCT_ROWS = simd::TILE_ROWS < 8 ? 4 : 8;

template <int VECS, class Part>
inline void addProductColumns(Rows<float> out, int64_t rows, Strided left, Rows<const float> right,
                              int64_t steps, Part part) {
  int64_t r = 0;
  for (; r + PRODUCT_ROWS <= rows; r += PRODUCT_ROWS)
    addProductTile<PRODUCT_ROWS, VECS>(out.from(r, 0), left.from(r, 0), right, steps, part);
  for (; r < rows; r++) addProductTile<1, VECS>(out.from(r, 0), left.from(r, 0), right, steps, part);
}

/** `out += left . right` for `rows` rows and `cols` columns of `out`. */
inline void addProduct(Rows<float> out, int64_t rows, int64_t cols, Strided left, Rows<const float> right,
                       int64_t steps) {
  constexpr int64_t PAIR = 2 * simd::LANES;
  int64_t c = 0;
  for (; c + PAIR <= cols; c += PAIR)
    addProductColumns<2>(out.from(0, c), rows, left, right.from(0, c), steps, Whole{});
  for (; c + simd::LANES <= cols; c += simd::LANES)
    addProductColumns<1>(out.from(0, c), rows, left, right.from(0, c), steps, Whole{});
  if (c < cols)
    addProductColumns<1>(out.from(0, c), rows, left, right.from(0, c), steps,
                         Tail{static_cast<int>(cols - c)});
}

/** `to[c * stride + r] = from(r, c)` for `rows` rows of `cols` values. */
inline void transposeRows(float* to, int64_t stride, Rows<const float> from, int64_t rows, int64_t cols) {
  const int64_t wholeRows = rows - rows % 4, wholeCols = cols - cols % 4;
  for (int64_t r = 0; r < wholeRows; r += 4) {
    for (int64_t c = 0; c < wholeCols; c += 4)
      simd::transpose4(to + c * stride + r, stride, from.from(r, c).data, from.stride);
  }
  for (int64_t r = 0; r < rows; r++) {
    for (int64_t c = r < wholeRows ? wholeCols : 0; c < cols; c++)
      to[c * stride + r] = from.data[r * from.stride + c];
  }
}

}  // namespace
}  // namespace flashlm
