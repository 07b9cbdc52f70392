#pragma once

#include "column_scans.inl"

// Heads whose state is a matrix S [K x V], those of gla and delta (core/ops/entries/linear-attention.ts):
// where the parts of a row of x are, and the numbers of a head's rows.
namespace flashlm {
namespace {

/** Where the parts of a row of x are, and what a head does with them. */
struct Heads {
  int64_t keyHeads, group, keys, values, gates, decays, seqLen;
  float scale, fade;
  double eps;

  int64_t count() const { return keyHeads * group; }
  int64_t state() const { return keys * values; }
  int64_t q(int64_t keyHead) const { return keyHead * keys; }
  int64_t k(int64_t keyHead) const { return (keyHeads + keyHead) * keys; }
  int64_t v(int64_t head) const { return 2 * keyHeads * keys + head * values; }
  int64_t gate(int64_t head) const { return v(count()) + head * gates; }
  int64_t decay(int64_t head) const { return gate(count()) + head * decays; }
  int64_t cols() const { return decay(count()); }
  /** The decay column of a key channel. */
  int64_t column(int64_t channel) const { return decays == 1 ? 0 : channel * decays / keys; }
};

/** The heads of a call; its output has the values of all of them. Gates and decays are what the caller sets.
 */
template <class Args>
inline Heads headsOf(const Args& args, int64_t outCols) {
  Heads heads = {};
  heads.keyHeads = args.keyHeads;
  heads.group = args.group;
  heads.keys = args.keys;
  heads.values = outCols / heads.count();
  heads.seqLen = args.seqLen;
  heads.scale = static_cast<float>(args.scale);
  return heads;
}

template <class Args>
inline Heads glaHeads(const Args& args, int64_t outCols) {
  Heads heads = headsOf(args, outCols);
  heads.decays = args.decays;
  heads.gates = (args.x.cols - heads.cols()) / heads.count();
  heads.fade = static_cast<float>(args.fade);
  return heads;
}

template <class Args>
inline Heads deltaHeads(const Args& args, int64_t outCols) {
  Heads heads = headsOf(args, outCols);
  heads.gates = 1;
  heads.decays = (args.x.cols - heads.cols()) / heads.count();
  heads.eps = args.eps;
  return heads;
}

/** Cuts memory into parts that begin on cache lines; without memory it only counts its floats. */
struct Parts {
  float* base;
  int64_t used = 0;

  explicit Parts(float* base) : base(base) {}
  float* next(int64_t count) {
    float* at = base ? base + used : nullptr;
    used += (count + 15) / 16 * 16;
    return at;
  }
};

/** Calls `body(i, part, registers)` for elements [begin, end): MOST registers at a time, then half as many,
 * down to one. */
template <int MOST, class Body>
SIMD_INLINE void eachHalving(int64_t begin, int64_t end, const Body& body) {
  int64_t i = begin;
  for (; i + MOST * simd::LANES <= end; i += MOST * simd::LANES) body(i, Whole{}, Registers<MOST>{});
  if constexpr (MOST > 1) eachHalving<MOST / 2>(i, end, body);
  else if (i < end) body(i, Tail{static_cast<int>(end - i)}, Registers<1>{});
}

/** Rows whose numbers are made at a time. */
constexpr int64_t ROWS_AHEAD = 16;
constexpr int64_t rowsFrom(int64_t first, int64_t T) {
  return T - first < ROWS_AHEAD ? T - first : ROWS_AHEAD;
}

/** Calls `fn(sequence, keyHead, thread)` for every key head of every sequence, on all threads. */
template <class Fn>
inline void eachKeyHead(const Context& ctx, const Heads& heads, int64_t sequences, const Fn& fn) {
  const int64_t work = heads.seqLen * heads.group * heads.state();
  const int64_t grain = work < THREAD_ELEMENTS ? THREAD_ELEMENTS / (work > 0 ? work : 1) : 1;
  parallelRows(ctx.threads, sequences * heads.keyHeads, grain, [&](int64_t begin, int64_t end, int thread) {
    for (int64_t task = begin; task < end; task++) fn(task / heads.keyHeads, task % heads.keyHeads, thread);
  });
}

}  // namespace
}  // namespace flashlm
