#pragma once

#include "bit_planes.inl"
#include "int8_operands.inl"
#include "panels.inl"

/**
 * The private layout of ternary weights [N x K]: panels of TILE_COLS weight rows (output columns), and in a
 * panel ceil(K / 4) steps (filled up to those that are taken together) of TILE_COLS quads: byte i of quad j
 * of step s is code(row j, column 4 s + i) + CODE_PLUS. The codes are stored as {0, 1, 2} because the byte
 * products of x86's vectors need one unsigned operand; the sum of the other one is subtracted at the end.
 * Tile registers take signed bytes, so CODE_PLUS is 0. Bytes past K are 0, as is the padding of x.
 *
 * After the quads comes what has two bits for a code: bit planes where the wrapper has them (bit_planes.inl),
 * or the same quads, four steps in one where it can take them apart again (SIMD_TWO_BITS): bits 2 i of a byte
 * are those of step i of the four. Last comes the right operand of the input's gradient, in the precision of
 * the `packTernary` call.
 */
namespace flashlm {
namespace {

/** Added to the codes of weights. */
constexpr int CODE_PLUS = QuadUnit::IS_TILED ? 0 : 1;

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
  return {packed, stepsIn<QuadUnit>(cols, 4), rows};
}

#ifdef SIMD_TWO_BITS
constexpr bool HAS_TWO_BITS = true;
#else
constexpr bool HAS_TWO_BITS = false;
#endif
/** Steps of quads in one step of two bits for each code. */
constexpr int64_t TWO_BIT_PARTS = 4;

/** The same codes with two bits each; no steps where the wrapper does not take them. */
inline QuadPanels twoBitPanels(const uint8_t* packed, int64_t rows, int64_t cols) {
  const QuadPanels quads = quadPanels(packed, rows, cols);
  return {packed + quads.bytes(), HAS_TWO_BITS ? ceilDiv(quads.steps, TWO_BIT_PARTS) : 0, rows};
}

/** Bytes of the right operands of `x . codes^T`. */
inline int64_t forwardBytes(int64_t rows, int64_t cols) {
  return quadPanels(nullptr, rows, cols).bytes() + twoBitPanels(nullptr, rows, cols).bytes() +
         bitPlaneBytes(rows, cols);
}

/**
 * The codes [rows x cols] as the right operand of `dy . codes`: Panels for f32 and bf16, QuadPanels (codes,
 * as above) for int8. A tag in front says which of them was written last.
 */
class BackwardPanels {
 public:
  /** `packed` is all of the packed weights. */
  BackwardPanels(const uint8_t* packed, int64_t rows, int64_t cols)
      : tag_(packed + forwardBytes(rows, cols)), rows_(rows), cols_(cols) {}

  /** Bytes for the tag and the largest form, float32. */
  static int64_t bytes(int64_t rows, int64_t cols) {
    return TAG_BYTES +
           Panels{nullptr, stepsIn<QuadUnit>(rows, 1), cols}.size() * static_cast<int64_t>(sizeof(float));
  }

  template <class Steps>
  Panels panels() const {
    return {reinterpret_cast<float*>(const_cast<uint8_t*>(data())), stepsOf<Steps>(rows_), cols_};
  }
  QuadPanels quads() const { return {data(), stepsIn<QuadUnit>(rows_, 4), cols_}; }
  /** Memory of any alignment may be handed in; floats that lie across are written and not used. */
  bool isAligned() const { return reinterpret_cast<uintptr_t>(data()) % alignof(float) == 0; }

  bool holds(Precision precision) const {
    uint32_t found;
    memcpy(&found, tag_, sizeof found);
    return found == tagFor(precision) && isAligned();
  }
  void mark(Precision precision) const {
    const uint32_t tag[TAG_BYTES / sizeof(uint32_t)] = {tagFor(precision)};
    memcpy(const_cast<uint8_t*>(tag_), tag, TAG_BYTES);
  }

 private:
  static constexpr int64_t TAG_BYTES = 64;  // a cache line, so that what follows begins on one too

  const uint8_t* data() const { return tag_ + TAG_BYTES; }
  /** Tells the bf16 forms of tables apart, which may have been put together of several. */
  static uint32_t tagFor(Precision precision) {
    return 0x7e570000u | static_cast<uint32_t>(Bf16Steps::VALUES) << 8 | static_cast<uint32_t>(precision);
  }

  const uint8_t* tag_;
  int64_t rows_, cols_;
};

/** Bytes of the packed form of codes [rows x cols]. */
inline int64_t packedTernaryBytes(int64_t rows, int64_t cols) {
  return forwardBytes(rows, cols) + BackwardPanels::bytes(rows, cols);
}

/** Four codes plus CODE_PLUS each, without carries between bytes, whatever the codes. */
inline uint32_t stored(uint32_t codes) {
  return ((codes & 0x7f7f7f7fu) + 0x01010101u * CODE_PLUS) ^ (codes & 0x80808080u);
}

/** Codes [4 q, 4 q + 4) of a row of `cols`, as they are stored. */
inline uint32_t storedQuad(const int8_t* row, int64_t q, int64_t cols) {
  const int64_t count = cols - 4 * q;
  if (count <= 0) return 0;
  uint32_t quad = 0;
  if (count >= 4) {
    memcpy(&quad, row + 4 * q, 4);
    return stored(quad);
  }
  memcpy(&quad, row + 4 * q, static_cast<size_t>(count));
  return stored(quad) & 0xffffffffu >> 8 * (4 - count);
}

/** The codes, as they are stored, as quads of four rows. */
inline void packTransposedQuads(const Context& ctx, const QuadPanels& panels,
                                const Matrix<const int8_t>& codes) {
  const int threads = threadsFor(ctx, codes.rows * codes.cols, PACK_SHARE);
  parallelTasks(threads, panels.count(), [&](int64_t panel, int) {
    const int64_t col = panel * TILE_COLS, cols = atMost(codes.cols - col, TILE_COLS);
    for (int64_t step = 0; step < panels.steps; step++) {
      uint8_t* to = const_cast<uint8_t*>(panels.at(panel, step));
#pragma GCC unroll 4
      for (int v = 0; v < simd::TILE_VECS; v++) {
        simd::IntVec rows[4] = {};
        for (int64_t i = 0; i < 4 && 4 * step + i < codes.rows; i++) {
          const simd::IntVec code = loadCodesUpTo(codes.data + (4 * step + i) * codes.cols + col, v, cols);
          rows[i] = simd::add(code, simd::intBroadcast(CODE_PLUS));
        }
        float quads[simd::LANES];
        simd::store(quads, simd::quadsOf(rows[0], rows[1], rows[2], rows[3]));
        memcpy(to + v * simd::LANES * 4, quads, sizeof quads);
      }
    }
  });
}

template <class Steps>
inline void packBackwardFloats(Context& ctx, const BackwardPanels& to, const Matrix<const int8_t>& codes) {
  const Panels panels = to.panels<Steps>();
  const auto fill = codesFill<Steps>(codes.rows, codes.data, codes.cols);
  if (to.isAligned()) return fillPanels(ctx, panels, fill);
  const Panels aligned = newPanels(ctx, panels.steps, panels.cols);
  if (!aligned.data) return;
  fillPanels(ctx, aligned, fill);
  memcpy(static_cast<void*>(panels.data), aligned.data, static_cast<size_t>(panels.size()) * sizeof(float));
}

inline void packBackward(Context& ctx, const BackwardPanels& to, const Matrix<const int8_t>& codes,
                         Precision precision) {
  if (precision == Precision::int8) {
    packTransposedQuads(ctx, to.quads(), codes);
  } else {
    withFloatSteps(precision, [&](auto steps) { packBackwardFloats<decltype(steps)>(ctx, to, codes); });
  }
  to.mark(precision);
}

inline void packTernary(Context& ctx, const PackTernaryArgs& args) noexcept {
  const int64_t rows = args.codes.rows, cols = args.codes.cols;
  uint8_t* packed = args.outPacked.data;
  const QuadPanels quads = quadPanels(packed, rows, cols), twoBits = twoBitPanels(packed, rows, cols);
  eachRow(ctx, quads.count() * TILE_COLS, cols, [=](int64_t row) {
    const auto to = [=](const QuadPanels& panels, int64_t step) {
      return const_cast<uint8_t*>(panels.at(row / TILE_COLS, step)) + row % TILE_COLS * 4;
    };
    const auto packParts = [=](int64_t first, int64_t parts, auto quadAt) INLINE_BODY {
      uint32_t joined = 0;
      for (int64_t i = 0; i < parts; i++) {
        const uint32_t quad = quadAt(first + i);
        memcpy(to(quads, first + i), &quad, 4);
        joined |= (quad & 0x03030303u) << 2 * i;
      }
      if constexpr (HAS_TWO_BITS) memcpy(to(twoBits, first / TWO_BIT_PARTS), &joined, 4);
    };
    const int8_t* codes = args.codes.data + row * cols;
    int64_t q = 0;
    for (; row < rows && 4 * (q + TWO_BIT_PARTS) <= cols; q += TWO_BIT_PARTS) {
      packParts(q, TWO_BIT_PARTS, [=](int64_t at) INLINE_BODY {
        uint32_t quad;
        memcpy(&quad, codes + 4 * at, 4);
        return stored(quad);
      });
    }
    for (; q < quads.steps; q += TWO_BIT_PARTS) {
      packParts(q, atMost(quads.steps - q, TWO_BIT_PARTS),
                [=](int64_t at) INLINE_BODY { return row < rows ? storedQuad(codes, at, cols) : 0; });
    }
  });
  packBitPlanes(ctx, packed + quads.bytes(), args.codes);
  packBackward(ctx, {packed, rows, cols}, args.codes, args.precision);
}

/** Packed codes [rows x values] as the right operand of a float product. */
template <class Steps>
inline auto ternaryFill(int64_t values, int64_t rows, const uint8_t* packed) {
  const QuadPanels from = quadPanels(packed, rows, values);
  return stepsFill<Steps>(values, [=](int64_t value, int v, int64_t col, int64_t) {
    const uint8_t* quads = from.at(col / TILE_COLS, value / 4) + v * simd::LANES * 4;
    const simd::Vec byte = simd::quadByte(simd::loadQuads(quads), static_cast<int>(value % 4));
    if constexpr (CODE_PLUS == 0) {
      const simd::Mask isNegative = simd::greater(byte, simd::broadcast(127.0f));
      return simd::select(isNegative, simd::sub(byte, simd::broadcast(256.0f)), byte);
    } else {
      return simd::sub(byte, simd::broadcast(CODE_PLUS));
    }
  });
}

}  // namespace
}  // namespace flashlm
