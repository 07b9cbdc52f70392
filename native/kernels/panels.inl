#pragma once

#include "steps.inl"

/**
 * Packed right operands of the matrix products: panels of TILE_COLS columns, each panel step after step, so
 * that the kernel reads memory sequentially.
 */
namespace flashlm {
namespace {

constexpr int64_t TILE_COLS = simd::TILE_VECS * simd::LANES;
/** Steps packed at a time: few enough that threads can split a panel, and a transposed part stays in cache.
 */
constexpr int64_t PACK_STEPS = 64;

inline int64_t atMost(int64_t value, int64_t limit) { return value < limit ? value : limit; }
inline int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/** Register v of a row of which only `cols` values exist; the others read as 0. */
SIMD_INLINE simd::Vec loadUpTo(const float* row, int v, int64_t cols) {
  const int64_t left = cols - v * simd::LANES;
  if (left >= simd::LANES) return simd::load(row + v * simd::LANES);
  return left > 0 ? simd::loadPartial(row + v * simd::LANES, static_cast<int>(left)) : simd::zero();
}
SIMD_INLINE void storeUpTo(float* row, int v, int64_t cols, simd::Vec values) {
  const int64_t left = cols - v * simd::LANES;
  if (left >= simd::LANES) return simd::store(row + v * simd::LANES, values);
  if (left > 0) simd::storePartial(row + v * simd::LANES, values, static_cast<int>(left));
}
SIMD_INLINE simd::IntVec loadCodesUpTo(const int8_t* row, int v, int64_t cols) {
  const int64_t left = cols - v * simd::LANES;
  if (left >= simd::LANES) return simd::loadCodeInts(row + v * simd::LANES);
  return left > 0 ? simd::loadCodeIntsPartial(row + v * simd::LANES, static_cast<int>(left))
                  : simd::intBroadcast(0);
}

/** [ceil(cols / TILE_COLS)][pitch][TILE_COLS], of which `steps` exist; columns past `cols` are 0. Null data:
 * no memory. */
struct Panels {
  float* data;
  int64_t steps, cols, pitch;

  Panels(float* data, int64_t steps, int64_t cols) : data(data), steps(steps), cols(cols), pitch(steps) {}

  int64_t count() const { return ceilDiv(cols, TILE_COLS); }
  float* at(int64_t panel, int64_t step) const { return data + (panel * pitch + step) * TILE_COLS; }
  int64_t size() const { return count() * pitch * TILE_COLS; }
  /** Some of the steps, from `first` on. */
  Panels part(int64_t first, int64_t some) const {
    Panels part = *this;
    part.data = at(0, first);
    part.steps = some;
    return part;
  }
};

inline Panels newPanels(Context& ctx, int64_t steps, int64_t cols) {
  Panels panels = {nullptr, steps, cols};
  panels.data = ctx.scratch.get<float>(static_cast<size_t>(panels.size()));
  return panels;
}

/** As many threads as `work` is worth. */
inline int threadsFor(const Context& ctx, int64_t work, int64_t share) {
  const int64_t threads = atMost(work / share, ctx.threads);
  return threads > 1 ? static_cast<int>(threads) : 1;
}

/** Calls `fill(to, step, steps, col, cols)` for every part of the panels: `cols` of its columns exist. */
template <class Fill>
inline void fillPanels(const Context& ctx, const Panels& panels, const Fill& fill) {
  const int64_t count = panels.count(), parts = ceilDiv(panels.steps, PACK_STEPS);
  const int threads = threadsFor(ctx, panels.steps * panels.cols, PACK_SHARE);
  // Steps may be rows that the same thread wrote: it packs all columns of them.
  parallelTasks(threads, count * parts, [&](int64_t part, int) {
    const int64_t panel = part % count, step = part / count * PACK_STEPS, col = panel * TILE_COLS;
    fill(panels.at(panel, step), step, atMost(panels.steps - step, PACK_STEPS), col,
         atMost(panels.cols - col, TILE_COLS));
  });
}

/**
 * Packs parts of panels for `fillPanels`, of a right operand of `values` rows: `row(value, v, col, cols)` is
 * register v of the columns from `col` on, of which `cols` exist.
 */
template <class Steps, class Row>
inline auto stepsFill(int64_t values, const Row& row) {
  return [=](float* to, int64_t step, int64_t steps, int64_t col, int64_t cols) {
    for (int64_t s = step; s < step + steps; s++, to += TILE_COLS) {
#pragma GCC unroll 4
      for (int v = 0; v < simd::TILE_VECS; v++) {
        typename Steps::Value rows[Steps::VALUES] = {};
        for (int i = 0; i < Steps::VALUES; i++) {
          const int64_t value = s * Steps::VALUES + i;
          rows[i] = value < values ? row(value, v, col, cols) : Steps::none();
        }
        simd::store(to + v * simd::LANES, Steps::join(rows));
      }
    }
  };
}

/** The right operand in place: b is [values x stride]. */
template <class Steps>
inline auto rowsFill(int64_t values, const float* b, int64_t stride) {
  return stepsFill<Steps>(values, [=](int64_t value, int v, int64_t col, int64_t cols) {
    return loadUpTo(b + value * stride + col, v, cols);
  });
}

/** Codes in place, [values x stride]. */
template <class Steps>
inline auto codesFill(int64_t values, const int8_t* codes, int64_t stride) {
  return stepsFill<Steps>(values, [=](int64_t value, int v, int64_t col, int64_t cols) {
    return simd::toFloat(loadCodesUpTo(codes + value * stride + col, v, cols));
  });
}

/** Elements [cols x steps], `stride` apart, as a part of a panel. */
inline void transposePart(float* to, const float* from, int64_t stride, int64_t steps, int64_t cols) {
  const int64_t wholeCols = cols / simd::LANES * simd::LANES, wholeSteps = steps / 4 * 4;
  for (int64_t s = 0; s < wholeSteps; s += 4) {
    for (int64_t c = 0; c < wholeCols; c += simd::LANES) {
      simd::Vec columns[4];
      simd::loadColumns(from + c * stride + s, stride, columns);
#pragma GCC unroll 4
      for (int i = 0; i < 4; i++) simd::store(to + (s + i) * TILE_COLS + c, columns[i]);
    }
  }
  for (int64_t s = 0; s < steps; s++) {
    for (int64_t c = s < wholeSteps ? wholeCols : 0; c < TILE_COLS; c++) {
      to[s * TILE_COLS + c] = c < cols ? from[c * stride + s] : 0.0f;
    }
  }
}

/** The right operand transposed: b is [cols x values]. */
template <class Steps>
inline auto columnsFill(int64_t values, const float* b) {
  return [=](float* to, int64_t step, int64_t steps, int64_t col, int64_t cols) {
    const float* from = b + col * values + step * Steps::VALUES;
    if constexpr (Steps::IN_PLACE) {
      transposePart(to, from, values, steps, cols);
    } else {
      float converted[TILE_COLS * PACK_STEPS];
      const int64_t count = atMost(values - step * Steps::VALUES, steps * Steps::VALUES);
      for (int64_t c = 0; c < cols; c++) {
        convertRow<Steps>(converted + c * PACK_STEPS, from + c * values, count, steps);
      }
      transposePart(to, converted, PACK_STEPS, steps, cols);
    }
  };
}

}  // namespace
}  // namespace flashlm
