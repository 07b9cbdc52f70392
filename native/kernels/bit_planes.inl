#pragma once

#include "panels.inl"

/**
 * Ternary codes as two bits each, where the wrapper defines SIMD_BIT_PLANES. 32 codes are a pair of words:
 * bit i of the first word is set if code i is not 0, bit i of the second if it is negative.
 *
 * Packed weights [N x K] store them in panels of TILE_COLS weight rows, like the quads. A panel has
 * ceil(K / 32) steps; a step has, for each of TILE_VECS registers, LANES first words and then LANES second
 * words. Bits past K or N are 0.
 */
namespace flashlm {
namespace {

#ifdef SIMD_BIT_PLANES

struct BitPanels {
  const uint8_t* data;
  int64_t steps, cols;

  int64_t count() const { return ceilDiv(cols, TILE_COLS); }
  const uint8_t* at(int64_t panel, int64_t step) const {
    return data + (panel * steps + step) * TILE_COLS * 8;
  }
  int64_t bytes() const { return count() * TILE_COLS * steps * 8; }
};

/** The bit planes of weights [rows x cols], which begin at `data`. */
inline BitPanels bitPanels(const uint8_t* data, int64_t rows, int64_t cols) {
  return {data, ceilDiv(cols, 32), rows};
}

/** Writes the pairs of words of `count` codes. Returns false, and writes garbage, unless all are ternary. */
inline bool makePairs(uint32_t* to, const int8_t* codes, int64_t count) {
  const int64_t whole = count / 32;
  bool isTernary = simd::makePlanes(to, codes, whole);
  if (count % 32) {
    int8_t rest[32] = {};
    memcpy(rest, codes + 32 * whole, static_cast<size_t>(count % 32));
    isTernary &= simd::makePlanes(to + 2 * whole, rest, 1);
  }
  return isTernary;
}

inline int64_t bitPlaneBytes(int64_t rows, int64_t cols) { return bitPanels(nullptr, rows, cols).bytes(); }

inline void packBitPlanes(Context& ctx, uint8_t* to, const Matrix<const int8_t>& codes) {
  const BitPanels panels = bitPanels(to, codes.rows, codes.cols);
  eachRow(ctx, panels.count() * TILE_COLS, codes.cols, [=](int64_t row) {
    const int64_t lane = row % simd::LANES, share = row % TILE_COLS / simd::LANES;
    uint8_t* at = to + row / TILE_COLS * panels.steps * TILE_COLS * 8 + (share * 2 * simd::LANES + lane) * 4;
    for (int64_t s = 0; s < panels.steps; s++, at += TILE_COLS * 8) {
      uint32_t pair[2] = {};
      if (row < codes.rows)
        makePairs(pair, codes.data + row * codes.cols + 32 * s, atMost(codes.cols - 32 * s, 32));
      memcpy(at, pair, 4);
      memcpy(at + simd::LANES * 4, pair + 1, 4);
    }
  });
}

#else

inline int64_t bitPlaneBytes(int64_t, int64_t) { return 0; }
inline void packBitPlanes(Context&, uint8_t*, const Matrix<const int8_t>&) {}

#endif

}  // namespace
}  // namespace flashlm
