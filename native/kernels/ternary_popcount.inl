#pragma once

#include "bit_planes.inl"
#include "ternary_tile.inl"

/**
 * The integer product by counting bits, for rows of x whose codes are all ternary. With n the bits where both
 * codes are not 0, and d those of n where their signs differ, a dot product is popcount(n) - 2 popcount(d).
 *
 * Why NEON uses it: instructions of the inner loop for 128 products (gcc 12; loads and loop overhead of a
 * tile included):
 *
 *   smlal, the plain quad route        24.7, of which 16 multiply
 *   sdot, the quad route with dotprod  15.3, of which  8 multiply
 *   this one, with dotprod or without   8.0, of which  7 do the work: 2 and, eor, 2 cnt, mls, add
 *
 * AVX-512 needs 6 instructions for 512 products (and, vpternlogd, 2 vpopcntd, 2 vpaddd) where vpdpbusd takes
 * 8; Zen 5 does almost 4 of these in a cycle, and 2 of those.
 *
 * It also reads a quarter of the weights' bytes. Making the planes of a row takes NEON about 20 instructions
 * for 32 codes (AVX-512: 10 for 64), once for all columns. If a row is not ternary, making its planes finds
 * out, and the quad route runs instead.
 */
namespace flashlm {
namespace {

#ifdef SIMD_POPCOUNT

/** 32 products per lane and step; x is pairs of words (bit_planes.inl). */
struct BitSteps {
  using Unit = Vectors;
  using Element = uint32_t;
  static constexpr int64_t ELEMENTS = 2;
  static constexpr int PARTS = 1;
  static constexpr int64_t SHARE = simd::LANES * 8;
  static constexpr int ROWS = simd::BIT_TILE_ROWS;
  static constexpr int64_t MAX_STEPS = simd::BIT_STEPS;

  SIMD_INLINE auto zero() { return simd::bitZero(); }
  SIMD_INLINE auto weights(const uint8_t* panel, int) { return simd::loadPlanes(panel); }
  SIMD_INLINE auto broadcast(const Element* x) { return simd::broadcastPlanes(x); }
};

class BitRoute {
 public:
  BitRoute(Context& ctx, const TernaryMatmulArgs& args) {
    const int64_t rows = args.out.cols, cols = args.x_codes.cols;
    w_ = bitPanels(args.w_packed.data + quadPanels(nullptr, rows, cols).bytes(), rows, cols);
    perThread_ = atMost(args.x_codes.rows, ROW_BLOCK) * w_.steps * BitSteps::ELEMENTS;
    pairs_ = ctx.scratch.get<uint32_t>(static_cast<size_t>(ctx.threads * perThread_));
  }

  /** Multiplies at most ROW_BLOCK rows. Returns false, and writes nothing, unless all codes are ternary. */
  bool multiply(int64_t rows, const int8_t* x, int64_t rowBytes, int64_t panelBegin, int64_t panelEnd,
                int thread, const RowFinish* finish, Output out) const {
    uint32_t* pairs = pairs_ + thread * perThread_;
    for (int64_t r = 0; r < rows; r++) {
      if (!makePairs(pairs + r * w_.steps * BitSteps::ELEMENTS, x + r * rowBytes, rowBytes)) return false;
    }
    dotBlock<BitSteps>(rows, pairs, w_, panelBegin, panelEnd, finish, out);
    return true;
  }

 private:
  BitPanels w_;
  int64_t perThread_;
  uint32_t* pairs_;
};

#else

/** For instruction sets without SIMD_POPCOUNT. */
struct BitRoute {
  BitRoute(Context&, const TernaryMatmulArgs&) {}
  bool multiply(int64_t, const int8_t*, int64_t, int64_t, int64_t, int, const RowFinish*, Output) const {
    return false;
  }
};

#endif

}  // namespace
}  // namespace flashlm
