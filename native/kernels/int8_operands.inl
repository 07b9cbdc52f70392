#pragma once

#include "left_operands.inl"

/**
 * Gradients as int8 codes that share a scale: `scale = max|x| / 127`, `code = round_half_even(x * (127 / max|x|))`, each
 * step in float32, so that codes are equal to the bit everywhere. NaN or infinity make the scale NaN.
 */
namespace flashlm {
namespace {

/** Below this, 2^-96, values count as all zero: 127 divided by it must be a number. */
constexpr float LEAST_MAX = 0x1p-96f;

/** The largest |x| of each lane; `poison` is NaN in lanes that have met NaN or infinity. */
struct LargestOf {
  simd::Vec most = simd::zero(), poison = simd::zero();

  SIMD_METHOD void add(simd::Vec x) {
    const simd::Vec size = simd::abs(x);
    most = simd::select(simd::greater(size, most), size, most);
    poison = simd::fma(x, simd::zero(), poison);
  }
  SIMD_METHOD simd::Vec scale() const {
    return simd::add(kept(simd::div(most, simd::broadcast(127.0f))), poison);
  }
  SIMD_METHOD simd::Vec inverse() const { return kept(simd::div(simd::broadcast(127.0f), most)); }

 private:
  SIMD_METHOD simd::Vec kept(simd::Vec v) const {
    return simd::select(simd::greater(simd::broadcast(LEAST_MAX), most), simd::zero(), v);
  }
};

/** Codes of one row of `count` values, of which `padded` are written; returns the scale. */
inline float quantizeRow(int8_t* codes, const float* x, int64_t count, int64_t padded) {
  LargestOf lanes;
  eachVector(0, count, [&](int64_t i, auto part) { lanes.add(take(x + i, part)); });
  LargestOf all;
  all.most = simd::broadcast(simd::reduceMax(lanes.most));
  all.poison = simd::broadcast(simd::reduceAdd(lanes.poison));
  const simd::Vec inverse = all.inverse();
  eachVector(0, count, [=](int64_t i, auto part) { putCodes(codes + i, simd::mul(take(x + i, part), inverse), part); });
  memset(codes + count, 0, static_cast<size_t>(padded - count));
  float scale[simd::LANES];
  simd::store(scale, all.scale());
  return scale[0];
}

/**
 * Columns of (scales * data) [values x cols] as codes, quantised for the steps of one block at a time: one chunk of
 * ROW_CHUNK values. `finish` gets their scales and sums.
 */
struct QuantizedColumns {
  const float* data;
  int64_t values, cols;
  const float* scales;

  template <class Room>
  Left block(int64_t row, int64_t rows, int64_t step, int64_t steps, Room& room, Finish& finish) const {
    const int64_t first = step * CodeSteps::VALUES;
    const int64_t count = atMost(values - first, steps * CodeSteps::VALUES);
    eachVector(0, rows, [&](int64_t r, auto part) {
      LargestOf largest;
      for (int64_t i = 0; i < count; i++) largest.add(value(first + i, row + r, part));
      put(room.scale + r, largest.scale(), part);
      const simd::Vec inverse = largest.inverse();
      simd::IntVec sum = simd::intBroadcast(0);
      for (int64_t s = 0; s < steps; s++) {
        simd::IntVec codes[CodeSteps::VALUES] = {};
        for (int i = 0; i < CodeSteps::VALUES; i++) {
          const int64_t at = s * CodeSteps::VALUES + i;
          codes[i] = at < count ? simd::toInt(simd::mul(value(first + at, row + r, part), inverse)) : simd::intBroadcast(0);
          sum = simd::add(sum, codes[i]);
        }
        put(room.elements + s * ROW_BLOCK + r, CodeSteps::join(codes, 0), part);
      }
      putInts(room.codeSums + r, sum, part);
    });
    finish.scale = room.scale;
    finish.scaleStride = 1;
    finish.codeSums = room.codeSums;
    return {room.elements, 1, ROW_BLOCK};
  }

 private:
  template <class Part>
  SIMD_METHOD simd::Vec value(int64_t i, int64_t col, Part part) const {
    return simd::mul(take(data + i * cols + col, part), simd::broadcast(scales[i]));
  }
};

/** Codes [values x cols] as the right operand. */
inline void packQuads(const Context& ctx, const Panels& panels, int64_t values, const int8_t* codes) {
  const int64_t stride = panels.cols;
  fillPanels(ctx, panels, [&](float* to, int64_t step, int64_t steps, int64_t col, int64_t cols) {
    for (int64_t s = step; s < step + steps; s++, to += TILE_COLS) {
#pragma GCC unroll 4
      for (int v = 0; v < simd::TILE_VECS; v++) {
        simd::IntVec rows[CodeSteps::VALUES] = {};
        for (int i = 0; i < CodeSteps::VALUES; i++) {
          const int64_t value = s * CodeSteps::VALUES + i;
          rows[i] = value < values ? loadCodeIntsUpTo(codes + value * stride + col, v, cols) : simd::intBroadcast(0);
        }
        simd::store(to + v * simd::LANES, CodeSteps::join(rows, CodeSteps::OFFSET));
      }
    }
  });
}

}  // namespace
}  // namespace flashlm
