#include <string.h>

#include "row_sums.inl"
#include "sequence_state.inl"

// Depthwise causal convolution over the rows of each sequence: WIDTH weights, for a row and the WIDTH - 1
// rows before it.
namespace flashlm {
namespace {

/** Rows computed together, so that a row or weight in a register is used several times. */
constexpr int CONV_ROWS = 4;
constexpr int CONV_MAX_WIDTH = 8;

/** The rows that ROWS rows of a convolution read. */
template <int ROWS, int WIDTH>
struct ConvWindow {
  static constexpr int COUNT = ROWS + WIDTH - 1;
  const float* rows[COUNT];
};

/** The rows of `x` up to `row`, oldest first. `row` is row `t` of its sequence and sees the rows from `first`
 * on; `before` holds the rows before that. */
template <int ROWS, int WIDTH>
SIMD_INLINE ConvWindow<ROWS, WIDTH> rowsUpTo(const float* x, int64_t row, int64_t t, int64_t first, int64_t D,
                                             const float* before, int64_t beforeStride) {
  ConvWindow<ROWS, WIDTH> window;
  for (int k = 0; k < window.COUNT; k++) {
    const int64_t back = k - (WIDTH - 1);
    window.rows[k] = t + back < first ? before + (WIDTH - 1 + t + back) * beforeStride : x + (row + back) * D;
  }
  return window;
}

/** The rows of `dy` from `row` on, of which `following` come after it in its document; zeros after those. */
template <int ROWS, int WIDTH>
SIMD_INLINE ConvWindow<ROWS, WIDTH> rowsFrom(const float* dy, int64_t row, int64_t D, int64_t following,
                                             const float* zeros) {
  ConvWindow<ROWS, WIDTH> window;
  for (int k = 0; k < window.COUNT; k++) window.rows[k] = k <= following ? dy + (row + k) * D : zeros;
  return window;
}

/**
 * Prefetches a register's columns of the next ROWS rows. The hardware prefetcher does not recognise several
 * rows at once as a stream: without this, matrices larger than the caches took at least twice as long.
 */
template <int ROWS>
SIMD_INLINE void prefetchRows(const float* next, int64_t D) {
#pragma GCC unroll 4
  for (int r = 0; r < ROWS; r++) __builtin_prefetch(next + r * D);
}

/** out = bias + sum of w[j] * x[-j], the terms of each element in the order of j. */
template <int ROWS, int WIDTH>
__attribute__((noinline)) void convolve(float* out, int64_t D, const ConvWindow<ROWS, WIDTH> x,
                                        const float* w, const float* bias) {
  eachVector(0, D, [=](int64_t i, auto part) INLINE_BODY {
    prefetchRows<ROWS>(x.rows[WIDTH - 1] + ROWS * D + i, D);
    prefetchRows<ROWS>(out + ROWS * D + i, D);
    simd::Vec weight[WIDTH], sum[ROWS];
#pragma GCC unroll 8
    for (int j = 0; j < WIDTH; j++) weight[j] = take(w + j * D + i, part);
#pragma GCC unroll 4
    for (int r = 0; r < ROWS; r++) sum[r] = bias ? take(bias + i, part) : simd::zero();
#pragma GCC unroll 12
    for (int k = x.COUNT - 1; k >= 0; k--) {
      const simd::Vec v = take(x.rows[k] + i, part);
#pragma GCC unroll 4
      for (int r = 0; r < ROWS; r++) {
        const int j = r + WIDTH - 1 - k;
        if (j >= 0 && j < WIDTH) sum[r] = simd::fma(weight[j], v, sum[r]);
      }
    }
#pragma GCC unroll 4
    for (int r = 0; r < ROWS; r++) put(out + r * D + i, sum[r], part);
  });
}

/**
 * dx = sum of w[j] * dy[+j], the terms of each element in the order of j; sums[j] += dy * x[-j] in the order
 * of the rows, and sums[WIDTH] += dy where there is a bias.
 */
template <int ROWS, int WIDTH>
__attribute__((noinline)) void convolveBack(float* dx, float* sums, int64_t D,
                                            const ConvWindow<ROWS, WIDTH> dy, const ConvWindow<ROWS, WIDTH> x,
                                            const float* w, bool hasBias) {
  eachVector(0, D, [=](int64_t i, auto part) INLINE_BODY {
    prefetchRows<ROWS>(dy.rows[0] + (ROWS + WIDTH - 1) * D + i, D);
    prefetchRows<ROWS>(x.rows[WIDTH - 1] + ROWS * D + i, D);
    prefetchRows<ROWS>(dx + ROWS * D + i, D);
    simd::Vec weight[WIDTH], sum[ROWS], g[ROWS];
#pragma GCC unroll 8
    for (int j = 0; j < WIDTH; j++) weight[j] = take(w + j * D + i, part);
#pragma GCC unroll 4
    for (int r = 0; r < ROWS; r++) sum[r] = simd::zero();
#pragma GCC unroll 12
    for (int k = 0; k < dy.COUNT; k++) {
      const simd::Vec v = take(dy.rows[k] + i, part);
      if (k < ROWS) g[k] = v;
#pragma GCC unroll 4
      for (int r = 0; r < ROWS; r++) {
        const int j = k - r;
        if (j >= 0 && j < WIDTH) sum[r] = simd::fma(weight[j], v, sum[r]);
      }
    }
#pragma GCC unroll 4
    for (int r = 0; r < ROWS; r++) put(dx + r * D + i, sum[r], part);

#pragma GCC unroll 8
    for (int j = 0; j < WIDTH; j++) weight[j] = take(sums + j * D + i, part);
#pragma GCC unroll 12
    for (int k = 0; k < x.COUNT; k++) {
      const simd::Vec v = take(x.rows[k] + i, part);
#pragma GCC unroll 4
      for (int r = 0; r < ROWS; r++) {
        const int j = r + WIDTH - 1 - k;
        if (j >= 0 && j < WIDTH) weight[j] = simd::fma(g[r], v, weight[j]);
      }
    }
#pragma GCC unroll 8
    for (int j = 0; j < WIDTH; j++) put(sums + j * D + i, weight[j], part);
    if (!hasBias) return;
    simd::Vec biasSum = take(sums + WIDTH * D + i, part);
#pragma GCC unroll 4
    for (int r = 0; r < ROWS; r++) biasSum = simd::add(biasSum, g[r]);
    put(sums + WIDTH * D + i, biasSum, part);
  });
}

/** Calls `body(row, t, rows)` for rows [begin, end), `rows` (CONV_ROWS of one document in a sequence, or 1)
 * at a time; `row` is row `t` of its sequence. */
template <class Body>
SIMD_INLINE void eachFewRows(int64_t begin, int64_t end, int64_t seqLen, const int32_t* starts,
                             const Body& body) {
  for (int64_t row = begin, t = begin % seqLen; row < end;) {
    if (t + CONV_ROWS <= seqLen && row + CONV_ROWS <= end && firstSeen(starts, row + CONV_ROWS - 1) <= t) {
      body(row, t, Registers<CONV_ROWS>{});
      row += CONV_ROWS;
      t += CONV_ROWS;
    } else {
      body(row++, t++, Registers<1>{});
    }
    if (t == seqLen) t = 0;
  }
}

template <int WIDTH>
void causalConvOf(Context& ctx, const CausalConvArgs& args) noexcept {
  const int64_t D = args.x.cols, seqLen = args.seqLen, past = WIDTH - 1;
  float* outs = args.out.data;
  float* states = args.state.data;
  const float* x = args.x.data;
  const float* w = args.w.data;
  const float* bias = args.bias.data;
  const int32_t* starts = args.starts.data;
  float* zeros = nullptr;
  if (starts) {
    zeros = ctx.scratch.get<float>(D);
    if (!zeros) return;
    memset(zeros, 0, D * sizeof(float));
  }

  const int64_t grain = D < THREAD_ELEMENTS ? THREAD_ELEMENTS / D : 1;
  parallelRows(ctx.threads, args.x.rows, grain, [=](int64_t begin, int64_t end, int) {
    eachFewRows(begin, end, seqLen, starts, [=](int64_t row, int64_t t, auto rows) {
      const float* state = states + row / seqLen * past * D;
      const int64_t first = firstSeen(starts, row);
      const auto upTo = first > 0 ? rowsUpTo<rows.COUNT, WIDTH>(x, row, t, first, D, zeros, 0)
                                  : rowsUpTo<rows.COUNT, WIDTH>(x, row, t, 0, D, state, D);
      convolve(outs + row * D, D, upTo, w, bias);
    });
  });
  // After the loop, which reads the old state.
  eachRow(ctx, args.x.rows / seqLen, past * D, [=](int64_t sequence) {
    shiftState(states + sequence * past * D, x + sequence * seqLen * D, past, seqLen,
               firstSeen(starts, (sequence + 1) * seqLen - 1), D);
  });
}

template <int WIDTH>
void causalConvGradOf(Context& ctx, const CausalConvGradArgs& args) noexcept {
  const int64_t D = args.x.cols, seqLen = args.seqLen;
  float* dxs = args.outDx.data;
  float* accW = args.accW.data;
  float* accBias = args.accBias.data;
  const float* dy = args.dy.data;
  const float* x = args.x.data;
  const float* w = args.w.data;
  const int32_t* starts = args.starts.data;
  float* zeros = ctx.scratch.get<float>(D);
  if (!zeros) return;
  memset(zeros, 0, D * sizeof(float));

  const auto onPart = [=](int64_t begin, int64_t end, float* sums) {
    eachFewRows(begin, end, seqLen, starts, [=](int64_t row, int64_t t, auto rows) {
      const int64_t following = rowsThatFollow(starts, row, t, seqLen, rows.COUNT + WIDTH - 2);
      const auto after = rowsFrom<rows.COUNT, WIDTH>(dy, row, D, following, zeros);
      const auto upTo = rowsUpTo<rows.COUNT, WIDTH>(x, row, t, firstSeen(starts, row), D, zeros, 0);
      convolveBack(dxs + row * D, sums, D, after, upTo, w, accBias);
    });
  };
  eachPartWithSums(ctx, args.x.rows, D, WIDTH * D + (accBias ? D : 0), onPart, [=](const PartSums& sums) {
    foldParts(accW, WIDTH * D, sums, 0);
    if (accBias) foldParts(accBias, D, sums, WIDTH * D);
  });
}

/** Calls `run` with the width as a constant; the op table allows no other widths. */
template <int WIDTH = 2, class Run>
SIMD_INLINE void withWidth(int64_t width, const Run& run) {
  if (width == WIDTH) return run(Registers<WIDTH>{});
  if constexpr (WIDTH < CONV_MAX_WIDTH) withWidth<WIDTH + 1>(width, run);
}

void causalConv(Context& ctx, const CausalConvArgs& args) noexcept {
  withWidth(args.w.rows, [&](auto width) { causalConvOf<width.COUNT>(ctx, args); });
}

void causalConvGrad(Context& ctx, const CausalConvGradArgs& args) noexcept {
  withWidth(args.w.rows, [&](auto width) { causalConvGradOf<width.COUNT>(ctx, args); });
}

}  // namespace
}  // namespace flashlm
