#pragma once

#include "panels.inl"

/**
 * Left operands of the matrix products. `block(row, rows, step, steps, room, finish)` gives the elements of some rows and
 * steps, where they stand or converted into `room`; what it has to say of their sums goes into `finish`.
 */
namespace flashlm {
namespace {

/** Rows taken in one go: their share of the left operand stays in the second level cache for all panels. */
constexpr int64_t ROW_BLOCK = 64;

/** Memory for a converted block: elements, and what sums of each row are finished with. */
template <int64_t STEPS>
struct Room {
  float elements[ROW_BLOCK * STEPS];
  float scale[ROW_BLOCK];
  int32_t codeSums[ROW_BLOCK];
};

/** The element of (row, step) is data[row * rowStride + step * stepStride]. */
struct Left {
  const float* data;
  int64_t rowStride, stepStride;

  Left from(int64_t row, int64_t step) const {
    return {data + row * rowStride + step * stepStride, rowStride, stepStride};
  }
};

/** What a tile does to the output. */
enum class Into { replace, add };

/** What becomes of the sums of each row: times `scale[row * scaleStride]`, where there is one, and into the output. */
struct Finish {
  Into into;
  const float* scale = nullptr;
  int64_t scaleStride = 0;
  /** Sums of each row's codes, for steps that need them. */
  const int32_t* codeSums = nullptr;

  Finish from(int64_t row) const {
    return {into, scale ? scale + row * scaleStride : nullptr, scaleStride, codeSums ? codeSums + row : nullptr};
  }
};

/** a [rows x values], multiplied along its rows. */
template <class Steps>
struct RowsOperand {
  const float* data;
  int64_t values;

  template <class Room>
  Left block(int64_t row, int64_t rows, int64_t step, int64_t steps, Room& room, Finish&) const {
    const float* from = data + row * values + step * Steps::VALUES;
    if constexpr (Steps::IN_PLACE) {
      return {from, values, 1};
    } else {
      const int64_t count = atMost(values - step * Steps::VALUES, steps * Steps::VALUES);
      for (int64_t r = 0; r < rows; r++) Steps::convertRow(room.elements + r * steps, from + r * values, count);
      return {room.elements, steps, 1};
    }
  }
};

/**
 * Whether a left operand that is read against its rows (A^T) is copied block by block first. Its steps lie
 * far apart, often in the same cache sets; only a tile with hundreds of products a step is long enough at
 * each to hide the fetch.
 */
constexpr bool COPY_TRANSPOSED = simd::TILE_ROWS * TILE_COLS < 256;

/** a [values x cols], multiplied along its columns; value i times `scales[i]`, where there are any. */
template <class Steps>
struct ColumnsOperand {
  const float* data;
  int64_t values, cols;
  const float* scales = nullptr;

  template <class Room>
  Left block(int64_t row, int64_t rows, int64_t step, int64_t steps, Room& room, Finish&) const {
    if (Steps::IN_PLACE && !COPY_TRANSPOSED && !scales) return {data + step * cols + row, 1, cols};
    for (int64_t s = 0; s < steps; s++) {
      const int64_t first = (step + s) * Steps::VALUES;
      eachVector(0, rows, [&](int64_t r, auto part) {
        simd::Vec joined[Steps::VALUES] = {};
        for (int i = 0; i < Steps::VALUES; i++) {
          joined[i] = first + i < values ? value(first + i, row + r, part) : simd::zero();
        }
        put(room.elements + s * ROW_BLOCK + r, Steps::join(joined), part);
      });
    }
    return {room.elements, 1, ROW_BLOCK};
  }

 private:
  template <class Part>
  SIMD_METHOD simd::Vec value(int64_t i, int64_t col, Part part) const {
    const simd::Vec v = take(data + i * cols + col, part);
    return scales ? simd::mul(v, simd::broadcast(scales[i])) : v;
  }
};

}  // namespace
}  // namespace flashlm
