#pragma once

#include "left_operands.inl"
#include "output_parts.inl"
#include "row_sums.inl"
#include "tile_sums.inl"

/**
 * The matrix product for every kind of step (steps.inl). The right operand is packed into panels; the left
 * one is read through a row stride and a step stride, in place where its rows are float32. So A.B, A.B^T and
 * A^T.B share one kernel. Scheme: Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication"
 * (2008).
 *
 * Every output element adds the same products in the same order, whichever tile it is in, so results depend
 * neither on a row's position in its block nor on the number of threads.
 */
namespace flashlm {
namespace {

/** Output rows of `stride` values; only the first `cols` columns exist. `scales`: what the columns are
 * multiplied by before they are written, where there is something. */
struct Output {
  float* data;
  int64_t stride, cols;
  const float* scales = nullptr;

  Output from(int64_t row, int64_t col) const {
    return {data + row * stride + col, stride, cols - col, scales ? scales + col : nullptr};
  }
  /** Register v of a row. */
  SIMD_METHOD simd::Vec scaled(simd::Vec values, int v) const {
    return scales ? simd::mul(values, loadUpTo(scales, v, cols)) : values;
  }
};

/** What becomes of the sums of row r. */
template <class Steps, int VECS>
SIMD_INLINE void finishRow(const typename Steps::Sum (&sum)[VECS], int64_t r, Output out,
                           const Finish& finish) {
  float* row = out.data + r * out.stride;
  const simd::Vec scale = simd::broadcast(finish.scale ? finish.scale[r * finish.scaleStride] : 1.0f);
#pragma GCC unroll 4
  for (int v = 0; v < VECS; v++) {
    simd::Vec total = Steps::total(sum[v], finish.codeSums ? finish.codeSums[r] : 0);
    if (finish.scale) total = simd::mul(total, scale);
    total = out.scaled(total, v);
    if (finish.into == Into::add) total = simd::add(loadUpTo(row, v, out.cols), total);
    storeUpTo(row, v, out.cols, total);
  }
}

/**
 * One tile of ROWS x VECS registers: every sum stays in a register for all steps. Never inlined, because the
 * register allocator must see nothing else.
 */
template <class Steps, int ROWS, int VECS>
__attribute__((noinline)) void multiplyTile(const float* a, int64_t rowStride, int64_t stepStride,
                                            const float* panel, int64_t steps, Output out, Finish finish) {
  typename Steps::Sum sum[ROWS][VECS];
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; r++) {
#pragma GCC unroll 4
    for (int v = 0; v < VECS; v++) sum[r][v] = Steps::zero();
  }
  for (int64_t step = 0; step < steps; step++) {
    typename Steps::Operand b[VECS];
#pragma GCC unroll 4
    for (int v = 0; v < VECS; v++) b[v] = Steps::load(panel + v * simd::LANES);
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++) {
      const typename Steps::Operand x = Steps::broadcast(a + r * rowStride);
#pragma GCC unroll 4
      for (int v = 0; v < VECS; v++) sum[r][v] = Steps::add(sum[r][v], b[v], x);
    }
    a += stepStride;
    panel += TILE_COLS;
  }
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; r++) finishRow<Steps>(sum[r], r, out, finish);
}

/** `multiplyTiles` in tile registers. */
template <class Steps, int VECS>
inline void multiplyOnTiles(int64_t row, int64_t rows, const Left& left, const float* panel, int64_t steps,
                            Output out, Finish finish) {
  using Unit = typename Steps::Unit;
  TileSums<Unit> sums;
  formSums<Unit, VECS>(sums, rows, left.tile(row), left.rowStride * sizeof(float), panel, steps);
  for (int64_t r = 0; r < rows; r++) {
    typename Steps::Sum sum[VECS];
    for (int v = 0; v < VECS; v++) {
      sum[v] = reinterpret_cast<typename Steps::Sum>(simd::load(sums.rows[r] + v * simd::LANES));
    }
    finishRow<Steps>(sum, r, out, finish);
  }
}

/** multiplyTile for 1 <= rows <= ROWS, from `row` on. */
template <class Steps, int VECS, int ROWS = Steps::ROWS>
inline void multiplyTiles(int64_t row, int64_t rows, const Left& left, const float* panel, int64_t steps,
                          Output out, Finish finish) {
  if constexpr (Steps::Unit::IS_TILED) {
    multiplyOnTiles<Steps, VECS>(row, rows, left, panel, steps, out, finish);
  } else {
    if constexpr (ROWS > 1) {
      if (rows < ROWS)
        return multiplyTiles<Steps, VECS, ROWS - 1>(row, rows, left, panel, steps, out, finish);
    }
    multiplyTile<Steps, ROWS, VECS>(left.tile(row), left.rowStride, left.stepStride, panel, steps, out,
                                    finish);
  }
}

/** `rows` rows from `row` on of one panel, of which only VECS registers exist. */
template <class Steps, int VECS = simd::TILE_VECS>
inline void multiplyPanel(int64_t row, int64_t rows, const Left& left, const float* panel, int64_t steps,
                          Output out, Finish finish) {
  if constexpr (VECS > 1) {
    if (out.cols <= (VECS - 1) * simd::LANES)
      return multiplyPanel<Steps, VECS - 1>(row, rows, left, panel, steps, out, finish);
  }
  for (int64_t r = 0; r < rows; r += Steps::ROWS) {
    multiplyTiles<Steps, VECS>(row + r, atMost(rows - r, Steps::ROWS), left, panel, steps, out.from(r, 0),
                               finish.from(r));
  }
}

/**
 * `rows` output rows from `row` on, on the calling thread; `out` and `finish` begin at `row`. Steps go in the
 * operand's chunks, of ROW_CHUNK values where they are rows, each summed separately: that is the order that
 * sums over rows must have, it keeps a panel's share in the nearest caches, and long sums stay more exact.
 */
template <class Steps, class Operand>
inline void multiply(int64_t row, int64_t rows, const Operand& left, const Panels& right, int64_t panelBegin,
                     int64_t panelEnd, Output out, Finish finish) {
  constexpr int64_t CHUNK = Operand::CHUNK;
  // Tile registers multiply faster than the L2 cache delivers: a tile's part of the left operand stays in L1.
  constexpr int64_t BLOCK = Steps::Unit::IS_TILED ? Steps::ROWS : ROW_BLOCK;
  float room[Operand::IN_PLACE ? 1 : BLOCK * CHUNK];
  [[maybe_unused]] typename Steps::Unit::Registers registers;
  for (int64_t r = 0; r < rows; r += BLOCK) {
    const int64_t count = atMost(rows - r, BLOCK);
    Finish each = finish.from(r);
    int64_t step = 0;
    do {
      const int64_t steps = atMost(right.steps - step, CHUNK);
      const Left block = left.block(row + r, count, step, steps, room, each);
      if (step + CHUNK < right.steps) left.prefetchBlock(row + r, count, step + CHUNK);
      for (int64_t p = panelBegin; p < panelEnd; p++) {
        if (r == 0 && p + 1 < panelEnd) prefetch(right.at(p + 1, step), steps * TILE_COLS);
        multiplyPanel<Steps>(row + r, count, block, right.at(p, step), steps, out.from(r, p * TILE_COLS),
                             each);
      }
      each.into = Into::add;
      step += CHUNK;
    } while (step < right.steps);
  }
}

/**
 * `rows` output rows on all threads. Threads split the output, not the steps: no thread needs its own
 * accumulator, and the order of additions is fixed.
 */
template <class Steps, class Operand>
inline void multiplyParallel(const Context& ctx, int64_t rows, const Operand& left, const Panels& right,
                             Output out, Finish finish) {
  eachOutputPart(ctx, rows, Steps::ROWS, right.count(), right.steps,
                 [&](int64_t rowBegin, int64_t rowEnd, int64_t panelBegin, int64_t panelEnd, int) {
                   multiply<Steps>(rowBegin, rowEnd - rowBegin, left, right, panelBegin, panelEnd,
                                   out.from(rowBegin, 0), finish.from(rowBegin));
                 });
}

/** All of `out`; `scales` has one for each column, or is null. */
inline Output whole(Matrix<float> out, const float* scales = nullptr) {
  return {out.data, out.cols, out.cols, scales};
}

/** out = left . right for `rows` rows, times one scale where it is given. */
template <class Steps, class Operand>
inline void multiplyRows(const Context& ctx, Output out, int64_t rows, const Operand& left,
                         const Panels& right, const float* scale = nullptr) {
  multiplyParallel<Steps>(ctx, rows, left, right, out, {Into::replace, scale, 0});
}

/**
 * out = left . right for at most ROW_BLOCK rows, so that each panel is used once: a thread packs a chunk of
 * it with `fill(to, step, steps, col, cols)` and multiplies it while it is in L1. The sums have the same bits
 * as with packed panels.
 */
template <class Steps, class Operand, class Fill>
inline void multiplyFewRows(Context& ctx, Output out, int64_t rows, const Operand& left, const Fill& fill,
                            const float* scale) {
  constexpr int64_t CHUNK = Operand::CHUNK;
  const int64_t allSteps = stepsOf<Steps>(left.values), roomSize = atMost(allSteps, CHUNK) * TILE_COLS;
  float* rooms = ctx.scratch.get<float>(static_cast<size_t>(ctx.threads * roomSize));
  if (!rooms) return;
  const int threads = threadsFor(ctx, allSteps * out.cols, PACK_SHARE);
  parallelRows(threads, out.cols, TILE_COLS, [&](int64_t begin, int64_t end, int thread) {
    [[maybe_unused]] typename Steps::Unit::Registers registers;
    float converted[Operand::IN_PLACE ? 1 : ROW_BLOCK * CHUNK];
    float* room = rooms + thread * roomSize;
    for (int64_t col = begin; col < end; col += TILE_COLS) {
      const int64_t cols = atMost(out.cols - col, TILE_COLS);
      Finish finish = {Into::replace, scale, 0};
      for (int64_t step = 0; step < allSteps; step += CHUNK) {
        const int64_t steps = atMost(allSteps - step, CHUNK);
        for (int64_t s = 0; s < steps; s += PACK_STEPS) {
          fill(room + s * TILE_COLS, step + s, atMost(steps - s, PACK_STEPS), col, cols);
        }
        const Left block = left.block(0, rows, step, steps, converted, finish);
        multiplyPanel<Steps>(0, rows, block, room, steps, out.from(0, col), finish);
        finish.into = Into::add;
      }
    }
  });
}

/** out = left . right for `rows` rows, times one scale where it is given; `fill` packs the right operand as
 * in `fillPanels`. */
template <class Steps, class Operand, class Fill>
inline void multiplyFilled(Context& ctx, Output out, int64_t rows, const Operand& left, const Fill& fill,
                           const float* scale = nullptr) {
  if (rows <= ROW_BLOCK) return multiplyFewRows<Steps>(ctx, out, rows, left, fill, scale);
  const Panels right = newPanels(ctx, stepsOf<Steps>(left.values), out.cols);
  if (!right.data) return;
  fillPanels(ctx, right, fill);
  multiplyRows<Steps>(ctx, out, rows, left, right, scale);
}

/** Rows packed at a time where a product sums over rows: scratch grows with the threads, not the batch. */
inline int64_t packedRows(const Context& ctx) {
  return 4 * ROW_CHUNK * ceilDiv(ctx.threads, PACKING_THREADS);
}

/** Both packed operands of a product that sums over rows, in one block of memory. */
template <class Steps>
class PackedRows {
 public:
  PackedColumns<Steps> left;
  Panels right;

  PackedRows(uint8_t* room, int64_t rows, int64_t leftCols, int64_t rightCols)
      : left{nullptr, rows, leftCols}, right(nullptr, stepsOf<Steps>(rows), rightCols) {
    left.data = take<float>(room, left.size());
    if constexpr (Steps::HAS_SCALES) {
      left.scales = take<float>(room, left.chunks() * left.padded());
      left.codeSums = take<int32_t>(room, left.chunks() * left.padded());
    }
    right.data = take<float>(room, right.size());
  }

  static size_t bytes(int64_t rows, int64_t leftCols, int64_t rightCols) {
    return PackedRows(nullptr, rows, leftCols, rightCols).bytes_;
  }
  /** Some of the rows, from a whole chunk on. */
  PackedRows part(int64_t first, int64_t some) const {
    PackedRows part = *this;
    part.left = left.part(first, some);
    part.right = right.part(first / Steps::VALUES, stepsOf<Steps>(some));
    return part;
  }

 private:
  template <class T>
  T* take(uint8_t* room, int64_t count) {
    T* taken = room ? reinterpret_cast<T*>(room + bytes_) : nullptr;
    bytes_ += static_cast<size_t>(ceilDiv(count * static_cast<int64_t>(sizeof(T)), 64) * 64);
    return taken;
  }

  size_t bytes_ = 0;
};

/**
 * acc += left^T . right for `rows` rows of both. `pack(to, first)` packs the rows from `first` on that `to`
 * has space for: a few chunks, so that scratch does not grow with the number of rows. A deferred region packs
 * the rows tile by tile instead (`RowSum`).
 */
template <class Steps, class Pack>
inline void accumulateRows(Context& ctx, Matrix<float> acc, int64_t rows, const Pack& pack) {
  using Packed = PackedRows<Steps>;
  const auto add = [&](const Packed& packed) {
    multiplyParallel<Steps>(ctx, acc.rows, packed.left, packed.right, whole(acc), {Into::add});
  };
  if (RowSum* sum = ctx.sum) {
    if (sum->phase == RowSum::Phase::size) {
      sum->bytes = Packed::bytes(sum->rows, acc.rows, acc.cols);
      return;
    }
    const Packed all(sum->room, sum->rows, acc.rows, acc.cols);
    if (sum->phase == RowSum::Phase::rows) return pack(all.part(sum->begin, rows), 0);
    return add(all);
  }
  const int64_t most = atMost(rows, packedRows(ctx));
  uint8_t* room = ctx.scratch.get<uint8_t>(Packed::bytes(most, acc.rows, acc.cols));
  if (!room) return;
  for (int64_t first = 0; first < rows; first += most) {
    const Packed packed(room, atMost(rows - first, most), acc.rows, acc.cols);
    pack(packed, first);
    add(packed);
  }
}

}  // namespace
}  // namespace flashlm
