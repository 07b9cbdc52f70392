#pragma once

#include "left_operands.inl"

// Small products of matrices that lie in others, for operands too small to be packed: those of attention's
// heads. Every element is one chain of fused multiply-adds over the steps in order, whatever tile it falls
// into.
namespace flashlm {
namespace {

/**
 * What a product does with the numbers of `out`: takes their place, is added to them, or goes on with them as
 * its own sums, so that a product may be cut anywhere.
 */
enum class Onto { replace, add, extend };

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
  operator Rows<const T>() const { return {data, stride}; }
};

/** Of a matrix, the elements (r, c) with low <= c - r < high: what attention's queries see of its keys. */
struct Band {
  int64_t low, high;

  /** The same elements, counted from (r, c) on. */
  Band from(int64_t r, int64_t c) const { return {low + r - c, high + r - c}; }
  Band transposed() const { return {1 - high, 1 - low}; }
  /** Row r has columns [begin, end) of `cols`. */
  int64_t begin(int64_t r) const { return low + r > 0 ? low + r : 0; }
  int64_t end(int64_t r, int64_t cols) const { return high + r < cols ? high + r : cols; }
};

/** Far from overflow, and further than rows go. */
constexpr int64_t NO_EDGE = INT64_MAX / 4;

/** ROWS rows and VECS registers of a product, the last register with as many lanes as `part` says. */
template <int ROWS, int VECS, class Part>
struct ProductTile {
  simd::Vec sum[ROWS][VECS];
  Part part;

  template <class Body>
  SIMD_METHOD void each(const Body& body) {
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++) {
#pragma GCC unroll 4
      for (int v = 0; v + 1 < VECS; v++) body(r, v * simd::LANES, sum[r][v], Whole{});
      body(r, (VECS - 1) * simd::LANES, sum[r][VECS - 1], part);
    }
  }
  /** Adds a step to the rows for which `takes(r)`. */
  template <class Takes>
  SIMD_METHOD void step(const float* a, int64_t row, const float* b, const Takes& takes) {
    simd::Vec col[VECS];
#pragma GCC unroll 4
    for (int v = 0; v + 1 < VECS; v++) col[v] = simd::load(b + v * simd::LANES);
    col[VECS - 1] = take(b + (VECS - 1) * simd::LANES, part);
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++) {
      if (!takes(r)) continue;
      const simd::Vec x = simd::broadcast(a[r * row]);
#pragma GCC unroll 4
      for (int v = 0; v < VECS; v++) sum[r][v] = simd::fma(x, col[v], sum[r][v]);
    }
  }
};

/**
 * A product, `out = left . right` for the elements of `out` that `band` has and some beside them
 * (`Onto::replace`); or `out += left . right` with the elements of `left` that `band` has, the others unread.
 */
struct Product {
  Rows<float> out;
  int64_t rows, cols;
  Strided left;
  Rows<const float> right;
  int64_t steps;
  Band band;
};

/** The tile of a product at row r and column c. */
template <Onto ONTO, int ROWS, int VECS, class Part>
__attribute__((noinline)) void productTile(const Product& product, int64_t r, int64_t c, Part part) {
  ProductTile<ROWS, VECS, Part> tile;
  tile.part = part;
  const Rows<float> out = product.out.from(r, c);
  const int64_t row = product.left.row, leftStep = product.left.step, rightStep = product.right.stride;
  const float *a = product.left.from(r, 0).data, *b = product.right.from(0, c).data;
  const auto run = [&](int64_t from, int64_t to, const auto& takes) INLINE_BODY {
    for (int64_t k = from; k < to; k++) {
      tile.step(a, row, b, [&](int i) INLINE_BODY { return takes(i, k); });
      a += leftStep;
      b += rightStep;
    }
  };
  const auto always = [](int, int64_t) INLINE_BODY { return true; };
  tile.each([&](int i, int at, simd::Vec& sum, auto lanes) INLINE_BODY {
    sum = ONTO == Onto::extend ? take(out.data + i * out.stride + at, lanes) : simd::zero();
  });
  if constexpr (ONTO == Onto::replace) {
    run(0, product.steps, always);
  } else {
    // A few steps at either end are not of all rows.
    const Band band = product.band.from(r, 0);
    const int64_t first = band.begin(0), last = band.end(ROWS - 1, product.steps);
    int64_t from = band.begin(ROWS - 1), to = band.end(0, product.steps);
    if (from >= to) from = to = last;
    const auto inBand = [&](int i, int64_t k) INLINE_BODY { return k - i >= band.low && k - i < band.high; };
    a += first * leftStep;
    b += first * rightStep;
    run(first, from, inBand);
    run(from, to, always);
    run(to, last, inBand);
  }
  tile.each([&](int i, int at, simd::Vec& sum, auto lanes) INLINE_BODY {
    float* to = out.data + i * out.stride + at;
    put(to, ONTO == Onto::add ? simd::add(take(to, lanes), sum) : sum, lanes);
  });
}

/** Rows of a tile of two registers each: sums and operands stay in registers. */
constexpr int PRODUCT_ROWS = simd::TILE_ROWS;

/** `productTile` for the `rows` that are left, up to ROWS. */
template <Onto ONTO, int VECS, class Part, int ROWS = PRODUCT_ROWS>
inline void productRows(const Product& product, int64_t r, int64_t c, int64_t rows, Part part) {
  if constexpr (ROWS > 1) {
    if (rows < ROWS) return productRows<ONTO, VECS, Part, ROWS - 1>(product, r, c, rows, part);
  }
  productTile<ONTO, ROWS, VECS>(product, r, c, part);
}

/** The tiles of `count` columns from c on, of at most ROWS rows each. */
template <Onto ONTO, int VECS, int ROWS = PRODUCT_ROWS, class Part>
inline void productColumns(const Product& product, int64_t c, int64_t count, Part part) {
  const Band band = ONTO == Onto::replace ? product.band.from(0, c) : product.band;
  const int64_t along = ONTO == Onto::replace ? count : product.steps;
  for (int64_t r = 0; r < product.rows; r += ROWS) {
    const int64_t rows = product.rows - r < ROWS ? product.rows - r : ROWS;
    if (band.begin(r) < band.end(r + rows - 1, along))
      productRows<ONTO, VECS, Part, ROWS>(product, r, c, rows, part);
  }
}

template <Onto ONTO>
inline void formProduct(const Product& product) {
  constexpr int64_t PAIR = 2 * simd::LANES, FOUR = 4 * simd::LANES;
  int64_t c = 0;
  // One row has no other sums to form while one waits for its last product.
  for (; product.rows == 1 && c + FOUR <= product.cols; c += FOUR)
    productColumns<ONTO, 4, 1>(product, c, FOUR, Whole{});
  for (; c + PAIR <= product.cols; c += PAIR) productColumns<ONTO, 2>(product, c, PAIR, Whole{});
  for (; c + simd::LANES <= product.cols; c += simd::LANES)
    productColumns<ONTO, 1>(product, c, simd::LANES, Whole{});
  const int64_t left = product.cols - c;
  if (left > 0) productColumns<ONTO, 1>(product, c, left, Tail{static_cast<int>(left)});
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

inline void copyRows(Rows<float> to, Rows<const float> from, int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; r++) {
    const float* row = from.from(r, 0).data;
    float* copy = to.from(r, 0).data;
    eachVector(0, cols, [=](int64_t c, auto part) { put(copy + c, take(row + c, part), part); });
  }
}

}  // namespace
}  // namespace flashlm
