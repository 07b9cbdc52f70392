#pragma once

#include "vectors.inl"

// The kinds of step of a matrix product. Operands are stored as 32-bit elements of one or more values, so
// that packing, strides and tiles are the same for all kinds.
namespace flashlm {
namespace {

/** Products in vector registers; for those in tile registers see simd/scalar.h. */
struct Vectors {
  static constexpr bool IS_TILED = false;
  /** The number of steps is a multiple of this. */
  static constexpr int DEPTH = 1;
  /** A thread constructs this before it multiplies, to set up tile registers. */
  struct Registers {};
};

#ifdef SIMD_TILES
using Bf16Unit = simd::Bf16Tiles;
using QuadUnit = simd::QuadTiles;
#else
using Bf16Unit = Vectors;
using QuadUnit = Vectors;
#endif

/** Rows of an output tile: with tile registers, two registers of rows, so that each load of the right operand
 * is used twice. */
template <class Unit>
constexpr int rowsOfTile(int ofVectors) {
  if constexpr (Unit::IS_TILED) return 2 * Unit::DEPTH;
  return ofVectors;
}

/** One float32 product per step. */
struct FloatSteps {
  /** Vectors, or the tile registers that compute the products. */
  using Unit = Vectors;
  /** Rows of an output tile. */
  static constexpr int ROWS = simd::TILE_ROWS;
  /** In sums over rows, packed columns have a scale and a sum of their codes. */
  static constexpr bool HAS_SCALES = false;
  /** Products per step. */
  static constexpr int VALUES = 1;
  /** Rows of floats are multiplied in place, without packing. */
  static constexpr bool IN_PLACE = true;

  /** A register of values before they are combined into elements. */
  using Value = simd::Vec;
  using Sum = simd::Vec;
  using Operand = simd::Vec;

  SIMD_INLINE Value none() { return simd::zero(); }
  SIMD_INLINE Sum zero() { return simd::zero(); }
  SIMD_INLINE Operand load(const float* elements) { return simd::load(elements); }
  SIMD_INLINE Operand broadcast(const float* element) { return simd::broadcast(*element); }
  SIMD_INLINE Sum add(Sum sum, Operand w, Operand x) { return simd::fma(x, w, sum); }
  /** The results of the sums. */
  SIMD_INLINE simd::Vec total(Sum sum, int32_t) { return sum; }
  /** A register of elements, each of one value from each of `rows`. */
  SIMD_INLINE simd::Vec join(const Value (&rows)[VALUES]) { return rows[0]; }
};

#ifdef SIMD_BF16_DOT

/** Two bf16 products per step: an element is two values. */
struct Bf16Steps : FloatSteps {
  using Unit = Bf16Unit;
  static constexpr int ROWS = rowsOfTile<Unit>(simd::TILE_ROWS);
  static constexpr int VALUES = 2;
  static constexpr bool IN_PLACE = false;

  SIMD_INLINE Sum add(Sum sum, Operand w, Operand x) { return simd::bf16Dot(sum, w, x); }
  SIMD_INLINE simd::Vec join(const Value (&rows)[VALUES]) { return simd::bf16Pairs(rows[0], rows[1]); }
  /** The elements of a row of `count` values. */
  SIMD_INLINE void convertRow(float* to, const float* row, int64_t count) {
    int64_t i = 0;
    for (; i + 2 * simd::LANES <= count; i += 2 * simd::LANES)
      simd::store(to + i / 2, simd::bf16Row(row + i));
    if (i == count) return;
    float rest[2 * simd::LANES] = {}, elements[simd::LANES];
    memcpy(rest, row + i, static_cast<size_t>(count - i) * sizeof(float));
    simd::store(elements, simd::bf16Row(rest));
    memcpy(to + i / 2, elements, static_cast<size_t>((count - i + 1) / 2) * sizeof(float));
  }
};

#else

/** bf16 products in float32, where no instruction multiplies bf16: operands are rounded, products are exact.
 */
struct Bf16Steps : FloatSteps {
  static constexpr bool IN_PLACE = false;

  SIMD_INLINE simd::Vec join(const Value (&rows)[VALUES]) { return simd::roundBf16(rows[0]); }
  SIMD_INLINE void convertRow(float* to, const float* row, int64_t count) {
    eachVector(0, count,
               [=](int64_t i, auto part) { put(to + i, simd::roundBf16(take(row + i, part)), part); });
  }
};

#endif

#ifdef SIMD_INT8_DOT

/** Four int8 products per step, with exact sums. */
struct CodeSteps {
  static constexpr bool HAS_SCALES = true;
  using Unit = QuadUnit;
  static constexpr int ROWS = rowsOfTile<Unit>(simd::TILE_ROWS);
  static constexpr bool IN_PLACE = true;
  static constexpr int VALUES = 4;
  /** Added to the right operand's codes: some instructions need one unsigned operand. */
  static constexpr int OFFSET = Unit::IS_TILED ? 0 : simd::CODE_OFFSET;
  using Value = simd::IntVec;
  using Sum = simd::DotSum;
  using Operand = simd::Quads;

  SIMD_INLINE Value none() { return simd::intBroadcast(0); }
  SIMD_INLINE Sum zero() { return simd::dotZero(); }
  SIMD_INLINE Operand load(const float* elements) {
    return simd::loadQuads(reinterpret_cast<const uint8_t*>(elements));
  }
  SIMD_INLINE Operand broadcast(const float* element) {
    return simd::broadcastQuad(reinterpret_cast<const int8_t*>(element));
  }
  SIMD_INLINE Sum add(Sum sum, Operand w, Operand x) { return simd::dot(sum, w, x); }
  /** `codeSum`: of the left operand's codes, for the offset of the right one's. */
  SIMD_INLINE simd::Vec total(Sum sum, int32_t codeSum) {
    // Unsigned, so that it cannot overflow: for NaN and infinity the codes are arbitrary, and the sum unused.
    const uint32_t offset = static_cast<uint32_t>(OFFSET) * static_cast<uint32_t>(codeSum);
    return simd::toFloat(simd::widenAdd(simd::intBroadcast(static_cast<int32_t>(0u - offset)), sum));
  }
  SIMD_INLINE simd::Vec join(const Value (&rows)[VALUES]) {
    return simd::quadsOf(rows[0], rows[1], rows[2], rows[3]);
  }
};

#elif defined(SIMD_INT16_DOT)

/** Two int8 products per step, of codes that are packed as int16, with exact sums. */
struct CodeSteps {
  static constexpr bool HAS_SCALES = true;
  using Unit = QuadUnit;
  static constexpr int ROWS = simd::TILE_ROWS;
  static constexpr bool IN_PLACE = true;
  static constexpr int VALUES = 2;
  static constexpr int OFFSET = 0;
  using Value = simd::IntVec;
  using Sum = simd::PairSum;
  using Operand = simd::PairSum;

  SIMD_INLINE Value none() { return simd::intBroadcast(0); }
  SIMD_INLINE Sum zero() { return Sum{}; }
  SIMD_INLINE Operand load(const float* elements) { return simd::loadPairs(elements); }
  SIMD_INLINE Operand broadcast(const float* element) { return simd::broadcastPair(element); }
  SIMD_INLINE Sum add(Sum sum, Operand w, Operand x) { return simd::pairDot(sum, w, x); }
  SIMD_INLINE simd::Vec total(Sum sum, int32_t) { return simd::toFloat(reinterpret_cast<simd::IntVec>(sum)); }
  SIMD_INLINE simd::Vec join(const Value (&rows)[VALUES]) { return simd::pairsOf(rows[0], rows[1]); }
};

#else

/** int8 products in float32: exact, because no sum of ROW_CHUNK of them reaches 2^24. */
struct CodeSteps : FloatSteps {
  static constexpr bool HAS_SCALES = true;
  static constexpr int OFFSET = 0;
  using Value = simd::IntVec;

  SIMD_INLINE Value none() { return simd::intBroadcast(0); }
  SIMD_INLINE simd::Vec join(const Value (&rows)[VALUES]) { return simd::toFloat(rows[0]); }
};

#endif

/** Calls `run(steps)` with the kind of step for float products in a precision. */
template <class Run>
inline void withFloatSteps(Precision precision, const Run& run) {
  if (precision == Precision::bf16) return run(Bf16Steps{});
  run(FloatSteps{});
}

/** The number of steps for `values` products, `each` per step; the last step is padded with 0. */
template <class Unit>
constexpr int64_t stepsIn(int64_t values, int64_t each) {
  const int64_t together = each * Unit::DEPTH;
  return (values + together - 1) / together * Unit::DEPTH;
}
template <class Steps>
constexpr int64_t stepsOf(int64_t values) {
  return stepsIn<typename Steps::Unit>(values, Steps::VALUES);
}

/** The elements of a row of `count` values, as `steps` of them. */
template <class Steps>
SIMD_INLINE void convertRow(float* to, const float* row, int64_t count, int64_t steps) {
  Steps::convertRow(to, row, count);
  for (int64_t i = (count + Steps::VALUES - 1) / Steps::VALUES; i < steps; i++) to[i] = 0.0f;
}

}  // namespace
}  // namespace flashlm
