#pragma once

#include "panels.inl"

// The sums of an output tile in tile registers.
namespace flashlm {
namespace {

/** Memory for sums between the tile registers and the output. */
template <class Unit>
struct TileSums {
  alignas(64) float rows[2 * Unit::DEPTH][TILE_COLS];
};

/**
 * DEPTH steps of ROWS x VECS registers of sums, from the panel's register V on. The order of the rows
 * alternates with V, so that the last left operand of one V is the first of the next.
 */
template <class Unit, int ROWS, int VECS, int V = 0>
SIMD_INLINE void addOnTiles(const char* a, int64_t rowBytes, const char* panel) {
  static_assert(2 * simd::TILE_VECS <= 6 && simd::LANES == Unit::DEPTH,
                "sums, left and right in eight registers");
  constexpr int A = 6, B = 7, FIRST = ROWS == 2 ? V % 2 : 0, SECOND = 1 - FIRST;
  const int64_t tileBytes = Unit::DEPTH * rowBytes;
  Unit::template load<B>(panel + V * simd::LANES * sizeof(float), TILE_COLS * sizeof(float));
  if constexpr (V == 0) Unit::template load<A>(a, rowBytes);
  Unit::template dot<FIRST * simd::TILE_VECS + V, A, B>();
  if constexpr (ROWS == 2) {
    Unit::template load<A>(a + SECOND * tileBytes, rowBytes);
    Unit::template dot<SECOND * simd::TILE_VECS + V, A, B>();
  }
  if constexpr (V + 1 < VECS) addOnTiles<Unit, ROWS, VECS, V + 1>(a, rowBytes, panel);
}

template <class Unit, int ROWS, int VECS, int I = 0>
SIMD_INLINE void zeroTiles() {
  Unit::template zero<I / VECS * simd::TILE_VECS + I % VECS>();
  if constexpr (I + 1 < ROWS * VECS) zeroTiles<Unit, ROWS, VECS, I + 1>();
}

template <class Unit, int ROWS, int VECS, int I = 0>
SIMD_INLINE void storeTiles(TileSums<Unit>& sums) {
  constexpr int ROW = I / VECS, V = I % VECS;
  float* to = &sums.rows[ROW * Unit::DEPTH][V * simd::LANES];
  Unit::template store<ROW * simd::TILE_VECS + V>(reinterpret_cast<char*>(to), sizeof sums.rows[0]);
  if constexpr (I + 1 < ROWS * VECS) storeTiles<Unit, ROWS, VECS, I + 1>(sums);
}

template <class Unit, int ROWS, int VECS>
__attribute__((noinline)) void sumTiles(TileSums<Unit>& sums, const char* a, int64_t rowBytes,
                                        const char* panel, int64_t steps) {
  zeroTiles<Unit, ROWS, VECS>();
#pragma GCC unroll 1
  for (int64_t step = 0; step < steps; step += Unit::DEPTH) {
    addOnTiles<Unit, ROWS, VECS>(a, rowBytes, panel);
    a += Unit::DEPTH * sizeof(float);
    panel += Unit::DEPTH * TILE_COLS * sizeof(float);
  }
  storeTiles<Unit, ROWS, VECS>(sums);
}

/**
 * The sums of at most 2 DEPTH rows with VECS registers of a panel. Rows of the left operand are read DEPTH at
 * a time: those past `rows` may hold anything.
 */
template <class Unit, int VECS = simd::TILE_VECS>
inline void formSums(TileSums<Unit>& sums, int64_t rows, const void* a, int64_t rowBytes, const void* panel,
                     int64_t steps) {
  const auto* left = static_cast<const char*>(a);
  const auto* right = static_cast<const char*>(panel);
  if (rows > Unit::DEPTH) return sumTiles<Unit, 2, VECS>(sums, left, rowBytes, right, steps);
  sumTiles<Unit, 1, VECS>(sums, left, rowBytes, right, steps);
}

}  // namespace
}  // namespace flashlm
