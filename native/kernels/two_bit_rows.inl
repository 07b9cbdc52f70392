#pragma once

#include "gemm.inl"
#include "ternary_pack.inl"

// The product of a few rows of floats with ternary weights of two bits each, which become floats in
// registers.
namespace flashlm {
namespace {

#ifdef SIMD_TWO_BITS

/** Panels in a tile of so many rows: enough sums that none waits for the one before it. */
constexpr int twoBitPanelsOf(int rows) { return rows == 1 ? 2 : 1; }

/**
 * One tile of ROWS rows of x and PANELS panels. Sums are formed in the order of `multiplyFewRows`, chunk by
 * chunk, so they have the same bits.
 */
template <int ROWS, int PANELS>
__attribute__((noinline)) void twoBitTile(const Matrix<const float>& x, const QuadPanels& w, int64_t panel,
                                          Output out, Finish finish) {
  constexpr int VECS = PANELS * simd::TILE_VECS;
  constexpr int64_t CHUNK = RowsOperand<FloatSteps>::CHUNK, TOGETHER = 4 * TWO_BIT_PARTS;
  static_assert(CHUNK % TOGETHER == 0);
  const int64_t values = x.cols;
  for (int64_t begin = 0; begin < values; begin += CHUNK) {
    const int64_t end = begin + atMost(values - begin, CHUNK);
    simd::Vec sum[ROWS][VECS];
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++) {
#pragma GCC unroll 4
      for (int v = 0; v < VECS; v++) sum[r][v] = simd::zero();
    }
    // Value k + i, whose codes are in byte i % 4 of part i / 4.
    const auto add = [&](int64_t k, int i) INLINE_BODY {
      simd::Vec codes[VECS];
#pragma GCC unroll 4
      for (int v = 0; v < VECS; v++) {
        const uint8_t* at = w.at(panel + v / simd::TILE_VECS, k / TOGETHER);
        codes[v] = simd::twoBitFloats(at + v % simd::TILE_VECS * simd::LANES * 4, i / 4, i % 4);
      }
#pragma GCC unroll 8
      for (int r = 0; r < ROWS; r++) {
        const simd::Vec value = simd::broadcast(x.data[r * values + k + i]);
#pragma GCC unroll 4
        for (int v = 0; v < VECS; v++) sum[r][v] = simd::fma(value, codes[v], sum[r][v]);
      }
    };
    int64_t k = begin;
    for (; k + TOGETHER <= end; k += TOGETHER) {
#pragma GCC unroll 16
      for (int i = 0; i < TOGETHER; i++) add(k, i);
    }
    for (int i = 0; k + i < end; i++) add(k, i);
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++) finishRow<FloatSteps>(sum[r], r, out, finish);
    finish.into = Into::add;
  }
}

/** out = x . w^T, times a scale, for at most FloatSteps::ROWS rows. */
template <int ROWS = FloatSteps::ROWS>
inline void multiplyTwoBits(const Context& ctx, Output out, const Matrix<const float>& x, const QuadPanels& w,
                            const float* scale) {
  if constexpr (ROWS > 1) {
    if (x.rows < ROWS) return multiplyTwoBits<ROWS - 1>(ctx, out, x, w, scale);
  }
  if (x.rows == 0) return;
  constexpr int PANELS = twoBitPanelsOf(ROWS);
  const Finish finish = {Into::replace, scale, 0};
  parallelRows(threadsFor(ctx, x.cols * out.cols, PACK_SHARE), w.count(), PANELS,
               [&](int64_t panel, int64_t end, int) {
                 for (; panel + PANELS <= end; panel += PANELS)
                   twoBitTile<ROWS, PANELS>(x, w, panel, out.from(0, panel * TILE_COLS), finish);
                 for (; panel < end; panel++)
                   twoBitTile<ROWS, 1>(x, w, panel, out.from(0, panel * TILE_COLS), finish);
               });
}

#endif

}  // namespace
}  // namespace flashlm
