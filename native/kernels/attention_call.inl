#pragma once

#include <math.h>

#include "curves.inl"
#include "dropout.inl"
#include "strided_product.inl"

// What attention's two kernels share: a call, its queries in blocks, and their scores.
namespace flashlm {
namespace {

/** Queries of a block, and in backward keys of one: what exists of each pair stays in the nearest caches, and
 * whole tiles cover it. */
constexpr int64_t QUERY_ROWS = 24, KEY_ROWS = 96;
/** Floats of a row in scratch: an odd number of cache lines, so that rows do not share few sets of a cache.
 */
constexpr int64_t rowStride(int64_t count) { return ((count + 15) / 16 | 1) * 16; }

/** Matrices side by side in a thread's memory; where there is no `base`, only how much they need. */
struct Matrices {
  float* base;
  int64_t used = 0;

  Rows<float> next(int64_t rows, int64_t cols) {
    const Rows<float> next = {base ? base + used : nullptr, rowStride(cols)};
    used += rows * next.stride;
    return next;
  }
};

/** What forward and backward know of a call. */
struct AttentionCall {
  int64_t T, G, R, E, window;
  float cap;
  const float* gain;
  const int32_t *starts, *sequence;
  Rows<const float> qk, x;
  double rate;
  DropoutFactors dropped;

  int64_t heads() const { return G * R; }
  Rows<const float> queries(int64_t row, int64_t head) const { return qk.from(row, head * E); }
  Rows<const float> keys(int64_t row, int64_t g) const { return qk.from(row, (heads() + g) * E); }
  Rows<const float> values(int64_t row, int64_t g) const { return x.from(row, (heads() + G + g) * E); }
  float factor(int64_t head) const { return (gain ? gain[head] : 1.0f) / sqrtf(static_cast<float>(E)); }
  int64_t start(int64_t row) const { return starts ? starts[row] : 0; }

  /** Multiplies the weights of keys `first`... of a query by what dropout leaves of them. */
  void drop(float* weights, int64_t s, int64_t t, int64_t head, int64_t first, int64_t count) const {
    const uint64_t groups = static_cast<uint64_t>(T + DROPOUT_GROUP - 1) / DROPOUT_GROUP;
    const uint64_t row = static_cast<uint64_t>(sequence[s]) * T + t;
    const uint64_t begin = (row * heads() + head) * groups;
    for (int64_t group = first / DROPOUT_GROUP; group * DROPOUT_GROUP < first + count; group++) {
      float all[DROPOUT_GROUP];
      dropped.of(begin + group, [&](int i, simd::Vec factor) INLINE_BODY { simd::store(all + i, factor); });
      for (int64_t i = 0; i < DROPOUT_GROUP; i++) {
        const int64_t at = group * DROPOUT_GROUP + i - first;
        if (at >= 0 && at < count) weights[at] *= all[i];
      }
    }
  }
};

template <class Args>
inline AttentionCall attentionCall(const Args& args, int64_t headCols) {
  const uint64_t seed = static_cast<uint64_t>(args.seed);
  AttentionCall call = {};
  call.T = args.seqLen;
  call.G = args.kvHeads;
  call.R = args.group;
  call.E = headCols / (call.G * call.R);
  call.window = args.window > 0 && args.window < NO_EDGE ? args.window : NO_EDGE;
  call.cap = static_cast<float>(args.cap);
  call.gain = args.gain.data;
  call.starts = args.starts.data;
  call.sequence = args.sequence.data;
  call.qk = {args.qk.data, args.qk.cols};
  call.x = {args.x.data, args.x.cols};
  call.rate = args.rate;
  call.dropped = {static_cast<uint32_t>(seed),
                  static_cast<uint32_t>(seed >> 32),
                  static_cast<uint32_t>(args.step),
                  static_cast<uint32_t>(args.stream),
                  limitOf(args.rate),
                  static_cast<float>(1 / (1 - args.rate))};
  return call;
}

/**
 * Some queries of one document, side by side. Keys are numbered from the document's first row on: key k is
 * row `k - base` of this call, or a row before it where that is negative.
 */
struct QueryBlock {
  int64_t first, rows, base, firstKey, window;

  /** Of the i-th query: its own key, and the first one that it sees. */
  int64_t last(int64_t i) const { return first + i + base; }
  int64_t lowest(int64_t i) const {
    const int64_t reach = last(i) - window + 1;
    return reach > firstKey ? reach : firstKey;
  }
  /** The key after the last one that a query sees. */
  int64_t end() const { return last(rows - 1) + 1; }
  /** Which keys from `key` on each query sees. */
  Band seen(int64_t key) const {
    const int64_t after = last(0) + 1 - key;
    return {after - window, after};
  }
};

/** The block of a sequence's queries from `t` on; `row` is the sequence's first row. */
inline QueryBlock queryBlock(const AttentionCall& call, int64_t row, int64_t t, int64_t before,
                             int64_t kept) {
  // A document that begins later is none: it must not lead outside of the call.
  const int64_t given = call.start(row + t), start = given < t ? given : t;
  int64_t rows = 1;
  while (rows < QUERY_ROWS && t + rows < call.T && call.start(row + t + rows) == given) rows++;
  return start > 0 ? QueryBlock{t, rows, -start, 0, call.window}
                   : QueryBlock{t, rows, before, before - kept, call.window};
}

/** Tasks that a thread takes at least: a few tokens are not worth a team of threads. */
inline int64_t tasksAThread(int64_t elements) {
  return elements < THREAD_ELEMENTS ? THREAD_ELEMENTS / (elements < 1 ? 1 : elements) : 1;
}

/** Registers of 16 values, and the most that a loop over such takes at once. */
constexpr int SIXTEEN = 16 / simd::LANES, MOST_REGISTERS = SIXTEEN < 4 ? 4 : SIXTEEN;

/** Calls `body(i, registers)` for elements [begin, end), a multiple of 16. */
template <class Body>
SIMD_INLINE void eachSixteen(int64_t begin, int64_t end, const Body& body) {
  int64_t i = begin;
  for (; i + MOST_REGISTERS * simd::LANES <= end; i += MOST_REGISTERS * simd::LANES)
    body(i, Registers<MOST_REGISTERS>{});
  for (; i < end; i += 16) body(i, Registers<SIXTEEN>{});
}

/** Scores from products of queries and keys: times `factor`, capped. */
struct Scores {
  float factor, cap;

  template <int N>
  SIMD_METHOD void of(simd::Vec (&s)[N], simd::Vec (&slope)[N]) const {
    const simd::Vec f = simd::broadcast(cap > 0 ? factor / cap : factor);
    for (int j = 0; j < N; j++) s[j] = simd::mul(f, s[j]);
    if (!(cap > 0)) return;
    simd::Vec y[N];
    TanhCurve::at(s, y, slope);
    for (int j = 0; j < N; j++) s[j] = simd::mul(simd::broadcast(cap), y[j]);
  }
};

}  // namespace
}  // namespace flashlm
