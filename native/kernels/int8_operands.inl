#pragma once

#include "left_operands.inl"

/**
 * Gradients as int8 codes that share a scale: `scale = max|x| / 127`, `code = round_half_even(x * (127 /
 * max|x|))`, each step in float32, so that every backend gets the same codes. NaN or infinity make the scale
 * NaN.
 */
namespace flashlm {
namespace {

/** Rows whose largest magnitude is below this, 2^-96, are treated as zero, so that 127 / max|x| is finite. */
constexpr float MIN_MAGNITUDE = 0x1p-96f;

/** The scale of values whose largest magnitude is `largest`, and the factor that turns them into codes. */
SIMD_INLINE simd::Vec int8Scale(simd::Vec largest) {
  const simd::Vec poison = simd::sub(largest, largest);  // 0, or NaN if not finite
  const simd::Vec scale = simd::add(simd::div(largest, simd::broadcast(127.0f)), poison);
  return simd::select(simd::greater(simd::broadcast(MIN_MAGNITUDE), largest), simd::zero(), scale);
}
SIMD_INLINE simd::Vec int8Inverse(simd::Vec largest) {
  const simd::Vec inverse = simd::div(simd::broadcast(127.0f), largest);
  return simd::select(simd::greater(simd::broadcast(MIN_MAGNITUDE), largest), simd::zero(), inverse);
}

/** The largest magnitude of a row; NaN or infinity if it contains one. */
inline float maxAbsOf(const float* x, int64_t count) {
  constexpr int64_t STEP = 4 * simd::LANES;
  simd::Vec largest[4] = {};
  int64_t i = 0;
  for (; i + STEP <= count; i += STEP) {
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++)
      largest[k] = simd::maxBits(largest[k], simd::abs(simd::load(x + i + k * simd::LANES)));
  }
  eachVector(i, count, [&](int64_t k, auto part) {
    largest[0] = simd::maxBits(largest[0], simd::abs(take(x + k, part)));
  });
  return simd::reduceMaxBits(
      simd::maxBits(simd::maxBits(largest[0], largest[1]), simd::maxBits(largest[2], largest[3])));
}

/** Codes of one row of `count` values, of which `padded` are written; returns the scale. */
inline float quantizeRow(int8_t* codes, const float* x, int64_t count, int64_t padded) {
  const simd::Vec largest = simd::broadcast(maxAbsOf(x, count));
  const simd::Vec inverse = int8Inverse(largest);
  eachCode(codes, 0, count,
           [=](int64_t i, auto part) { return simd::toInt(simd::mul(take(x + i, part), inverse)); });
  memset(codes + count, 0, static_cast<size_t>(padded - count));
  float scale[simd::LANES];
  simd::store(scale, int8Scale(largest));
  return scale[0];
}

/** Columns of (scales * a) [values x cols] as codes, each quantised for a chunk of ROW_CHUNK values. */
inline void packQuantizedColumns(const Context& ctx, const PackedColumns<CodeSteps>& to, const float* a,
                                 const float* scales) {
  eachColumnBlock(ctx, to, [&](int64_t chunk, int64_t col, int64_t cols) {
    const int64_t first = chunk * ROW_CHUNK, count = atMost(to.values - first, ROW_CHUNK), stride = to.cols;
    const auto value = [=](int64_t row, int64_t c, auto part) {
      return simd::mul(take(a + (first + row) * stride + c, part), simd::broadcast(scales[first + row]));
    };
    float maxima[COLUMN_BLOCK] = {}, inverse[COLUMN_BLOCK];
    for (int64_t row = 0; row < count; row++) {
      eachVector(0, cols, [&](int64_t c, auto part) {
        put(maxima + c, simd::maxBits(take(maxima + c, part), simd::abs(value(row, col + c, part))), part);
      });
    }
    float* scale = to.scales + chunk * to.padded() + col;
    int32_t* sums = to.codeSums + chunk * to.padded() + col;
    eachVector(0, cols, [&](int64_t c, auto part) {
      const simd::Vec largest = take(maxima + c, part);
      put(scale + c, int8Scale(largest), part);
      put(inverse + c, int8Inverse(largest), part);
    });
    for (int64_t c = 0; c < cols; c += GROUP) {
      eachVector(0, atMost(cols - c, GROUP), [&](int64_t i, auto part) {
        const simd::Vec factor = take(inverse + c + i, part);
        simd::IntVec sum = simd::intBroadcast(0);
        const auto element = [&](int64_t s) INLINE_BODY {
          simd::IntVec codes[CodeSteps::VALUES] = {};
          for (int v = 0; v < CodeSteps::VALUES; v++) {
            const int64_t row = s * CodeSteps::VALUES + v;
            if (row < count) codes[v] = simd::toInt(simd::mul(value(row, col + c + i, part), factor));
            sum = simd::add(sum, codes[v]);
          }
          return CodeSteps::join(codes);
        };
        for (int64_t s = 0; s < stepsOf<CodeSteps>(count); s += CodeSteps::Unit::DEPTH) {
          putSteps<CodeSteps>(to.at(chunk, col + c), s, i, part,
                              [&](int64_t next) INLINE_BODY { return element(s + next); });
        }
        putInts(sums + c + i, sum, part);
      });
    }
  });
}

/** Codes [values x cols] as the right operand. */
inline void packQuads(const Context& ctx, const Panels& panels, int64_t values, const int8_t* codes) {
  const int64_t stride = panels.cols;
  fillPanels(ctx, panels, stepsFill<CodeSteps>(values, [=](int64_t value, int v, int64_t col, int64_t cols) {
               const simd::IntVec code = loadCodesUpTo(codes + value * stride + col, v, cols);
               return simd::add(code, simd::intBroadcast(CodeSteps::OFFSET));
             }));
}

}  // namespace
}  // namespace flashlm
