#pragma once

#include "bit_planes.inl"
#include "panels.inl"

/**
 * The private layout of ternary weights [N x K]: panels of TILE_COLS weight rows (output columns), and in a
 * panel ceil(K / 4) steps of TILE_COLS quads: byte i of quad j of step s is code(row j, column 4 s + i) + 1.
 * The codes are stored as {0, 1, 2} because the byte products of x86 want one unsigned operand; the sum of
 * the other one is taken off at the end. Bytes past K are 0 and meet padding that is 0. Where the wrapper has
 * bit planes, they follow the quads (bit_planes.inl).
 */
namespace flashlm {
namespace {

struct QuadPanels {
  const uint8_t* data;
  int64_t steps, cols;

  int64_t count() const { return ceilDiv(cols, TILE_COLS); }
  const uint8_t* at(int64_t panel, int64_t step) const {
    return data + (panel * steps + step) * TILE_COLS * 4;
  }
  int64_t bytes() const { return count() * TILE_COLS * steps * 4; }
};

/** The quads of packed codes [rows x cols]. */
inline QuadPanels quadPanels(const uint8_t* packed, int64_t rows, int64_t cols) {
  return {packed, ceilDiv(cols, 4), rows};
}

/** Bytes of the packed form of codes [rows x cols]. */
inline int64_t packedTernaryBytes(int64_t rows, int64_t cols) {
  return quadPanels(nullptr, rows, cols).bytes() + bitPlaneBytes(rows, cols);
}

/** Four codes plus one each; whatever the codes are, no carry passes from byte to byte. */
inline uint32_t plusOne(uint32_t codes) {
  return ((codes & 0x7f7f7f7fu) + 0x01010101u) ^ (codes & 0x80808080u);
}

/** Codes [4 q, 4 q + 4) of a row of `cols`, as they are stored. */
inline uint32_t storedQuad(const int8_t* row, int64_t q, int64_t cols) {
  const int64_t count = cols - 4 * q;
  uint32_t quad = 0;
  if (count >= 4) {
    memcpy(&quad, row + 4 * q, 4);
    return plusOne(quad);
  }
  memcpy(&quad, row + 4 * q, static_cast<size_t>(count));
  return plusOne(quad) & 0xffffffffu >> 8 * (4 - count);
}

inline void packTernary(Context& ctx, const PackTernaryArgs& args) noexcept {
  const int64_t rows = args.codes.rows, cols = args.codes.cols;
  uint8_t* packed = args.outPacked.data;
  const QuadPanels quads = quadPanels(packed, rows, cols);
  eachRow(ctx, quads.count() * TILE_COLS, cols, [=](int64_t row) {
    uint8_t* to = packed + (row / TILE_COLS * quads.steps * TILE_COLS + row % TILE_COLS) * 4;
    const int8_t* codes = args.codes.data + row * cols;
    for (int64_t q = 0; q < quads.steps; q++) {
      const uint32_t quad = row < rows ? storedQuad(codes, q, cols) : 0;
      memcpy(to + q * TILE_COLS * 4, &quad, 4);
    }
  });
  packBitPlanes(ctx, packed + quads.bytes(), args.codes);
}

/** The codes times `scale` as the right operand of a float product: panels of K steps. */
inline void unpackTernary(Context& ctx, const Panels& panels, const uint8_t* packed, float scale) {
  const QuadPanels from = quadPanels(packed, panels.cols, panels.steps);
  fillPanels(ctx, panels, [&](float* to, int64_t step, int64_t steps, int64_t col, int64_t) {
    for (int64_t s = step; s < step + steps; s++, to += TILE_COLS) {
      const uint8_t* quads = from.at(col / TILE_COLS, s / 4);
#pragma GCC unroll 4
      for (int v = 0; v < simd::TILE_VECS; v++) {
        const simd::Vec stored = simd::quadByte(simd::loadQuads(quads + v * simd::LANES * 4), s % 4);
        const simd::Vec codes = simd::sub(stored, simd::broadcast(1.0f));
        simd::store(to + v * simd::LANES, simd::mul(codes, simd::broadcast(scale)));
      }
    }
  });
}

}  // namespace
}  // namespace flashlm
