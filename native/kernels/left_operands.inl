#pragma once

#include "panels.inl"

/**
 * Left operands of the matrix products. `block(row, rows, step, steps, room, finish)` returns the elements of
 * some rows and steps: in place, converted into `room`, or packed earlier. It sets the scales of their sums
 * in `finish`.
 */
namespace flashlm {
namespace {

/** Rows per block: their part of the left operand stays in L2 for all panels. */
constexpr int64_t ROW_BLOCK = 64 / simd::TILE_ROWS * simd::TILE_ROWS;

/** Columns in a group of a packed left operand: whole tiles, and whole registers where they fit. */
constexpr int64_t GROUP = simd::LANES % simd::TILE_ROWS == 0 ? simd::LANES : simd::TILE_ROWS;

/** The element of (row, step), for rows from `first` on: groups of rows, and in each a row and a step stride.
 */
struct Left {
  const float* data;
  int64_t first, groupStride, rowStride, stepStride;

  /** The first step of a row, which begins a tile. */
  const float* tile(int64_t row) const {
    return data + (row - first) / GROUP * groupStride + (row - first) % GROUP * rowStride;
  }
};

/** Prefetches memory that may be in another core's cache. */
inline void prefetch(const float* from, int64_t count) {
  constexpr int64_t LINE = 64 / sizeof(float);
  for (int64_t i = 0; i < count; i += LINE) __builtin_prefetch(from + i);
}

/** Whether a tile overwrites the output or adds to it. */
enum class Into { replace, add };

/** How the sums of each row reach the output: times `scale[row * scaleStride]` if there is one, stored or
 * added. */
struct Finish {
  Into into;
  const float* scale = nullptr;
  int64_t scaleStride = 0;
  /** Sums of each row's codes, for steps that need them. */
  const int32_t* codeSums = nullptr;

  Finish from(int64_t row) const {
    return {into, scale ? scale + row * scaleStride : nullptr, scaleStride,
            codeSums ? codeSums + row : nullptr};
  }
};

/** a [rows x values], multiplied along its rows. The thread that multiplies a row also converts it. */
template <class Steps>
struct RowsOperand {
  /** Steps summed in one chunk: twice as many with tile registers, where adding sums takes as long as the
   * products. */
  static constexpr int64_t CHUNK = (Steps::Unit::IS_TILED ? 2 : 1) * ROW_CHUNK / Steps::VALUES;
  static constexpr bool IN_PLACE = Steps::IN_PLACE;

  const float* data;
  int64_t values;

  Left block(int64_t row, int64_t rows, int64_t step, int64_t steps, float* room, Finish&) const {
    const float* from = data + row * values + step * Steps::VALUES;
    if constexpr (Steps::IN_PLACE) {
      return {from, row, GROUP * values, values, 1};
    } else {
      const int64_t count = atMost(values - step * Steps::VALUES, steps * Steps::VALUES);
      for (int64_t r = 0; r < rows; r++) convertRow<Steps>(room + r * steps, from + r * values, count, steps);
      return {room, row, GROUP * steps, steps, 1};
    }
  }
  /** Rows are read by the thread that wrote them. */
  void prefetchBlock(int64_t, int64_t, int64_t) const {}
};

template <class Steps>
inline RowsOperand<Steps> rowsOf(Matrix<const float> a) {
  return {a.data, a.cols};
}

/** `RowsOperand` whose columns are multiplied by `scales` before anything else. */
template <class Steps>
struct ScaledRowsOperand {
  static constexpr int64_t CHUNK = RowsOperand<Steps>::CHUNK;
  static constexpr bool IN_PLACE = false;

  const float* data;
  int64_t values;
  const float* scales;

  Left block(int64_t row, int64_t rows, int64_t step, int64_t steps, float* room, Finish&) const {
    const int64_t first = step * Steps::VALUES, count = atMost(values - first, steps * Steps::VALUES);
    for (int64_t r = 0; r < rows; r++) {
      const float* from = data + (row + r) * values + first;
      float* to = room + r * steps;
      if constexpr (Steps::IN_PLACE) {
        multiplied(to, from, scales + first, count);
      } else {
        float scaled[CHUNK * Steps::VALUES];
        convertRow<Steps>(to, multiplied(scaled, from, scales + first, count), count, steps);
      }
    }
    return {room, row, GROUP * steps, steps, 1};
  }
  void prefetchBlock(int64_t, int64_t, int64_t) const {}
};

/**
 * a [values x cols], multiplied along its columns. The layout is chunks of ROW_CHUNK values, in a chunk
 * groups of columns, in a group step after step (for tile registers, column after column). Threads pack the
 * rows that they wrote and multiply the columns that they own: each core then reads another's cache
 * sequentially, and once.
 */
template <class Steps>
struct PackedColumns {
  static constexpr int64_t CHUNK = ROW_CHUNK / Steps::VALUES;
  static constexpr bool IN_PLACE = true;

  float* data;
  int64_t values, cols;
  /** Of int8 codes: scale and sum of each chunk's columns. */
  float* scales = nullptr;
  int32_t* codeSums = nullptr;

  int64_t chunks() const { return ceilDiv(values, ROW_CHUNK); }
  int64_t size() const { return chunks() * padded() * CHUNK; }
  /** Some of the values, from a whole chunk on. */
  PackedColumns part(int64_t first, int64_t some) const {
    const int64_t chunk = first / ROW_CHUNK;
    PackedColumns part = *this;
    part.data = at(chunk, 0);
    part.values = some;
    part.scales = scales ? scales + chunk * padded() : nullptr;
    part.codeSums = codeSums ? codeSums + chunk * padded() : nullptr;
    return part;
  }
  /** Columns including padding up to a whole group; results of padding are dropped. */
  int64_t padded() const { return ceilDiv(cols, GROUP) * GROUP; }
  /** The offset in a chunk of column `col`, which begins a group. */
  float* at(int64_t chunk, int64_t col) const { return data + (chunk * padded() + col) * CHUNK; }

  Left block(int64_t row, int64_t, int64_t step, int64_t, float*, Finish& finish) const {
    const int64_t chunk = step / CHUNK;
    if (scales) {
      finish.scale = scales + chunk * padded() + row;
      finish.scaleStride = 1;
      finish.codeSums = codeSums + chunk * padded() + row;
    }
    if constexpr (Steps::Unit::IS_TILED) return {at(chunk, 0), 0, GROUP * CHUNK, CHUNK, 1};
    return {at(chunk, 0), 0, GROUP * CHUNK, 1, GROUP};
  }
  void prefetchBlock(int64_t row, int64_t rows, int64_t step) const {
    const int64_t first = row / GROUP * GROUP, end = ceilDiv(row + rows, GROUP) * GROUP;
    prefetch(at(step / CHUNK, first), (end - first) * CHUNK);
  }
};

/**
 * Stores the elements of DEPTH steps from `step` on in a group, from its column `col` on. `element(i)`
 * returns those of step `step + i`, a register of columns.
 */
template <class Steps, class Part, class Element>
SIMD_INLINE void putSteps(float* group, int64_t step, int64_t col, Part part, const Element& element) {
  using Unit = typename Steps::Unit;
  if constexpr (Unit::IS_TILED) {
    simd::Vec elements[Unit::DEPTH];
    for (int i = 0; i < Unit::DEPTH; i++) elements[i] = element(i);
    Unit::transpose(elements);
    for (int i = 0; i < Unit::DEPTH; i++)
      simd::store(group + i * PackedColumns<Steps>::CHUNK + step, elements[i]);
  } else {
    put(group + step * GROUP + col, element(0), part);
  }
}

template <class Steps>
inline PackedColumns<Steps> newPackedColumns(Context& ctx, int64_t values, int64_t cols) {
  PackedColumns<Steps> columns = {nullptr, values, cols};
  columns.data = ctx.scratch.get<float>(static_cast<size_t>(columns.size()));
  return columns;
}

/** Columns that are packed together, row by row. */
constexpr int64_t COLUMN_BLOCK = 256 / GROUP * GROUP;

/** Calls `pack(chunk, col, cols)` for every chunk and block of columns. */
template <class Steps, class Pack>
inline void eachColumnBlock(const Context& ctx, const PackedColumns<Steps>& to, const Pack& pack) {
  const int64_t blocks = ceilDiv(to.cols, COLUMN_BLOCK);
  const int threads = threadsFor(ctx, to.values * to.cols, PACK_SHARE);
  parallelTasks(threads, to.chunks() * blocks, [&](int64_t task, int) {
    const int64_t col = task % blocks * COLUMN_BLOCK;
    pack(task / blocks, col, atMost(to.cols - col, COLUMN_BLOCK));
  });
}

/**
 * Packs columns [col, col + cols) of `values` rows of a chunk, of which the first is `first`, a whole step;
 * `value(i, c, part)` is a register of the i-th of them.
 */
template <class Steps, class Value>
inline void packColumnBlock(const PackedColumns<Steps>& to, int64_t chunk, int64_t first, int64_t values,
                            int64_t col, int64_t cols, const Value& value) {
  const auto element = [&](int64_t s, int64_t c, auto part) INLINE_BODY {
    typename Steps::Value rows[Steps::VALUES] = {};
    for (int v = 0; v < Steps::VALUES; v++) {
      const int64_t row = s * Steps::VALUES + v;
      rows[v] = row < values ? value(row, col + c, part) : Steps::none();
    }
    return Steps::join(rows);
  };
  for (int64_t s = 0; s < stepsOf<Steps>(values); s += Steps::Unit::DEPTH) {
    for (int64_t c = 0; c < cols; c += GROUP) {
      float* group = to.at(chunk, col + c);
      eachVector(0, atMost(cols - c, GROUP), [&](int64_t i, auto part) {
        putSteps<Steps>(group, first / Steps::VALUES + s, i, part,
                        [&](int64_t next) INLINE_BODY { return element(s + next, c + i, part); });
      });
    }
  }
}

/** a [values x cols], its rows times `scales` where there are any. */
template <class Steps>
inline void packColumnGroups(const Context& ctx, const PackedColumns<Steps>& to, const float* a,
                             const float* scales) {
  eachColumnBlock(ctx, to, [&](int64_t chunk, int64_t col, int64_t cols) {
    const int64_t first = chunk * ROW_CHUNK, stride = to.cols;
    packColumnBlock(to, chunk, 0, atMost(to.values - first, ROW_CHUNK), col, cols,
                    [=](int64_t row, int64_t c, auto part) {
                      const simd::Vec v = take(a + (first + row) * stride + c, part);
                      return scales ? simd::mul(v, simd::broadcast(scales[first + row])) : v;
                    });
  });
}

}  // namespace
}  // namespace flashlm
