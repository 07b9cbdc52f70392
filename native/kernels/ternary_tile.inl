#pragma once

#include "gemm.inl"
#include "ternary_pack.inl"

// The tile of the integer product, for each kind of `Steps`: bytes, bit planes or tile registers.
namespace flashlm {
namespace {

/** Sum of `quads` quads of codes of x, times what the other operand's are stored with. */
inline int32_t sumOfCodes(const int8_t* codes, int64_t quads) {
  if constexpr (CODE_PLUS == 0) return 0;
  simd::IntVec total = simd::intBroadcast(0);
  int64_t quad = 0;
  while (quad + simd::LANES <= quads) {
    simd::DotSum sum = simd::dotZero();
    const int64_t end = quad + atMost(quads - quad, simd::DOT_STEPS);
    for (; quad + simd::LANES <= end; quad += simd::LANES) {
      sum = simd::dot(sum, simd::onesQuads(), simd::loadSignedQuads(codes + 4 * quad));
    }
    total = simd::widenAdd(total, sum);
  }
  int32_t rest = 0;
  for (int64_t i = 4 * quad; i < 4 * quads; i++) rest += codes[i];
  return simd::reduceAdd(total) + rest;
}

/** Turns a row's integer sums into its outputs: (sum - sumOfCodes) * scale. */
struct RowFinish {
  int32_t sumOfCodes;
  float scale;
};

/** Four byte products per lane and step, for any codes of x. */
struct QuadSteps {
  using Unit = QuadUnit;
  /** The element type of rows of x, the elements per step, and the parts that a step is multiplied in. */
  using Element = int8_t;
  static constexpr int64_t ELEMENTS = 4;
  static constexpr int PARTS = 1;
  /** Bytes of a step in one register of a panel. */
  static constexpr int64_t SHARE = simd::LANES * 4;
  static constexpr int ROWS = rowsOfTile<Unit>(simd::DOT_TILE_ROWS);
  /** Steps after which sums must be widened. */
  static constexpr int64_t MAX_STEPS = simd::DOT_STEPS;

  SIMD_INLINE auto zero() { return simd::dotZero(); }
  SIMD_INLINE auto weights(const uint8_t* panel, int) { return simd::loadQuads(panel); }
  SIMD_INLINE auto broadcast(const Element* x) { return simd::broadcastQuad(x); }
};

#ifdef SIMD_TWO_BITS
/** The same products from two bits for each code: a quarter of the bytes, but they must be taken apart. */
struct TwoBitSteps : QuadSteps {
  static constexpr int64_t ELEMENTS = 4 * TWO_BIT_PARTS;
  static constexpr int PARTS = TWO_BIT_PARTS;
  static constexpr int64_t MAX_STEPS =
      simd::DOT_STEPS == simd::ALL_STEPS ? simd::ALL_STEPS : simd::DOT_STEPS / TWO_BIT_PARTS;

  SIMD_INLINE auto weights(const uint8_t* panel, int part) { return simd::loadTwoBits(panel, part); }
};
#endif

/**
 * One tile of ROWS x TILE_COLS integer dot products over `steps` <= Steps::MAX_STEPS. `x` is the first row at
 * the first step. Where the instruction set sums in narrow integers the widened sums go through `carried`:
 * `first` and `last` say where in the tile's run of blocks this one is. Only the last writes to `out`.
 */
template <class Steps, int ROWS>
__attribute__((noinline)) void dotTile(const typename Steps::Element* x, int64_t rowStride,
                                       const uint8_t* panel, int64_t steps, simd::IntVec* carried, bool first,
                                       bool last, const RowFinish* finish, Output out) {
  // As constants, so that the branches below disappear: they cost a tile of few steps a tenth of its time.
  if constexpr (Steps::MAX_STEPS == simd::ALL_STEPS) first = last = true;
  constexpr int64_t PART = Steps::ELEMENTS / Steps::PARTS;
  decltype(Steps::zero()) sum[ROWS][simd::TILE_VECS];
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < simd::TILE_VECS; v++) sum[r][v] = Steps::zero();
  }
  for (int64_t step = 0; step < steps; step++) {
#pragma GCC unroll 4
    for (int part = 0; part < Steps::PARTS; part++) {
      decltype(Steps::weights(panel, part)) w[simd::TILE_VECS];
#pragma GCC unroll 4
      for (int v = 0; v < simd::TILE_VECS; v++) w[v] = Steps::weights(panel + v * Steps::SHARE, part);
#pragma GCC unroll 8
      for (int r = 0; r < ROWS; r++) {
        const auto codes = Steps::broadcast(x + r * rowStride + part * PART);
#pragma GCC unroll 4
        for (int v = 0; v < simd::TILE_VECS; v++) sum[r][v] = simd::dot(sum[r][v], w[v], codes);
      }
    }
    x += Steps::ELEMENTS;
    panel += simd::TILE_VECS * Steps::SHARE;
  }
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; r++) {
    const simd::Vec scale = simd::broadcast(finish[r].scale);
#pragma GCC unroll 4
    for (int v = 0; v < simd::TILE_VECS; v++) {
      simd::IntVec& carry = carried[r * simd::TILE_VECS + v];
      const simd::IntVec before = first ? simd::intBroadcast(-finish[r].sumOfCodes) : carry;
      const simd::IntVec total = simd::widenAdd(before, sum[r][v]);
      if (last) {
        const simd::Vec value = out.scaled(simd::mul(simd::toFloat(total), scale), v);
        storeUpTo(out.data + r * out.stride, v, out.cols, value);
      } else {
        carry = total;
      }
    }
  }
}

/** `dotRows` in tile registers: DEPTH rows of x must be readable. */
template <class Steps>
inline void dotOnTiles(int64_t rows, const int8_t* x, int64_t rowStride, const uint8_t* panel, int64_t steps,
                       const RowFinish* finish, Output out) {
  using Unit = typename Steps::Unit;
  TileSums<Unit> sums;
  formSums<Unit>(sums, rows, x, rowStride, panel, steps);
  for (int64_t r = 0; r < rows; r++) {
    const simd::Vec scale = simd::broadcast(finish[r].scale);
    for (int v = 0; v < simd::TILE_VECS; v++) {
      const auto sum = reinterpret_cast<simd::DotSum>(simd::load(sums.rows[r] + v * simd::LANES));
      const simd::Vec total = simd::toFloat(simd::widenAdd(simd::intBroadcast(0), sum));
      storeUpTo(out.data + r * out.stride, v, out.cols, out.scaled(simd::mul(total, scale), v));
    }
  }
}

/** Rows 1 <= rows <= ROWS of one panel, all steps. */
template <class Steps, int ROWS = Steps::ROWS>
inline void dotRows(int64_t rows, const typename Steps::Element* x, int64_t rowStride, const uint8_t* panel,
                    int64_t steps, const RowFinish* finish, Output out) {
  if constexpr (ROWS > 1) {
    if (rows < ROWS) return dotRows<Steps, ROWS - 1>(rows, x, rowStride, panel, steps, finish, out);
  }
  simd::IntVec carried[ROWS * simd::TILE_VECS];
  int64_t step = 0;
  do {
    const int64_t next = step + atMost(steps - step, Steps::MAX_STEPS);
    dotTile<Steps, ROWS>(x + step * Steps::ELEMENTS, rowStride, panel + step * simd::TILE_VECS * Steps::SHARE,
                         next - step, carried, step == 0, next == steps, finish, out);
    step = next;
  } while (step < steps);
}

/** `rows` rows of the panels [panelBegin, panelEnd) of `w`. */
template <class Steps, class Weights>
inline void dotBlock(int64_t rows, const typename Steps::Element* x, const Weights& w, int64_t panelBegin,
                     int64_t panelEnd, const RowFinish* finish, Output out) {
  const int64_t rowStride = w.steps * Steps::ELEMENTS;
  for (int64_t p = panelBegin; p < panelEnd; p++) {
    for (int64_t r = 0; r < rows; r += Steps::ROWS) {
      const int64_t count = atMost(rows - r, Steps::ROWS);
      const auto* from = x + r * rowStride;
      const Output to = out.from(r, p * TILE_COLS);
      if constexpr (Steps::Unit::IS_TILED) {
        dotOnTiles<Steps>(count, from, rowStride, w.at(p, 0), w.steps, finish + r, to);
      } else {
        dotRows<Steps>(count, from, rowStride, w.at(p, 0), w.steps, finish + r, to);
      }
    }
  }
}

}  // namespace
}  // namespace flashlm
