#include "linear_attention_replace.inl"

// gla and delta, row after row: a row's bits are the same in whatever calls its sequence comes. One thread
// takes one key head of one sequence, with its states in a core's nearest cache.
namespace flashlm {
namespace {

/**
 * Moves the state of a gla head over one row. `out` [V] gets what the row reads; `share` is `bonusOf`, which
 * only those have that read before they write.
 */
template <Reads READS>
inline void addRow(const Heads& heads, const HeadRow& row, float share, float* state, float* out) {
  const int64_t K = heads.keys, V = heads.values;
  const float scale = heads.scale;
  eachHalving<4>(0, V, [=](int64_t i, auto part, auto registers) INLINE_BODY {
    constexpr int N = registers.COUNT;
    simd::Vec written[N], read[N];
    for (int j = 0; j < N; j++) {
      written[j] = simd::mul(simd::broadcast(row.gate), take(row.v + i + j * simd::LANES, part));
      read[j] = simd::zero();
    }
    float* at = state + i;
    for (int64_t c = 0; c < K; c++, at += V) {
      const simd::Vec decay = simd::broadcast(row.decay[c]), key = simd::broadcast(row.k[c]);
      const simd::Vec query = simd::broadcast(row.q[c]);
      for (int j = 0; j < N; j++) {
        float* const place = at + j * simd::LANES;
        const simd::Vec old = take(place, part);
        if (READS == Reads::before) read[j] = simd::fma(query, old, read[j]);
        const simd::Vec s = simd::fma(key, written[j], simd::mul(decay, old));
        if (READS == Reads::after) read[j] = simd::fma(query, s, read[j]);
        put(place, s, part);
      }
    }
    for (int j = 0; j < N; j++) {
      if (READS == Reads::before) read[j] = simd::fma(simd::broadcast(share), written[j], read[j]);
      put(out + i + j * simd::LANES, simd::mul(simd::broadcast(scale), read[j]), part);
    }
  });
}

/** Moves the state of a gla head over `rows` rows: `begins` and `outs` are as in `replaceRows`. */
template <Reads READS, class Begins>
inline void addRows(const Heads& heads, const HeadRows<false>& head, int64_t rows, const Begins& begins,
                    const float* bonus, float* state, float* outs, int64_t stride) {
  for (int64_t t = 0; t < rows; t++) {
    if (begins(t)) memset(state, 0, heads.state() * sizeof(float));
    const HeadRow row = head.at(t);
    const float share = READS == Reads::before ? bonusOf(row, bonus, heads.keys) : 0;
    addRow<READS>(heads, row, share, state, outs + t * stride);
  }
}

template <bool DELTA, Reads READS>
inline void readHeads(Context& ctx, const Heads& heads, float* outs, float* states, const float* xs,
                      const float* bonus, const int32_t* starts, int64_t sequences) {
  const int64_t T = heads.seqLen, V = heads.values, stride = heads.count() * V;
  Parts count(nullptr);
  HeadRows<DELTA>(count, heads);
  count.next(V);
  const int64_t floats = count.used;
  float* rooms = ctx.scratch.get<float>(ctx.threads * floats);
  if (!rooms) return;
  eachKeyHead(ctx, heads, sequences, [=](int64_t s, int64_t keyHead, int thread) {
    Parts parts(rooms + thread * floats);
    HeadRows<DELTA> head(parts, heads);
    float* known = parts.next(V);
    for (int64_t h = keyHead * heads.group; h < (keyHead + 1) * heads.group; h++) {
      float* state = states + (s * heads.count() + h) * heads.state();
      for (int64_t first = 0; first < T; first += ROWS_AHEAD) {
        const int64_t rows = rowsFrom(first, T), row = s * T + first;
        const auto begins = [=](int64_t t) { return documentBegins(starts, row + t, first + t); };
        float* out = outs + row * stride + h * V;
        head.read(xs + row * heads.cols(), rows, h);
        if constexpr (DELTA) {
          replaceRows<READS>(heads, head, rows, begins, state, known, nullptr, out, stride);
        } else {
          const float* own = bonus ? bonus + h * heads.keys : nullptr;
          addRows<READS>(heads, head, rows, begins, own, state, out, stride);
        }
      }
    }
  });
}

void gla(Context& ctx, const GlaArgs& args) noexcept {
  const Heads heads = glaHeads(args, args.out.cols);
  const float* bonus = args.bonus.data;
  const int64_t sequences = args.x.rows / args.seqLen;
  if (bonus)
    readHeads<false, Reads::before>(ctx, heads, args.out.data, args.state.data, args.x.data, bonus,
                                    args.starts.data, sequences);
  else
    readHeads<false, Reads::after>(ctx, heads, args.out.data, args.state.data, args.x.data, bonus,
                                   args.starts.data, sequences);
}

void delta(Context& ctx, const DeltaArgs& args) noexcept {
  const Heads heads = deltaHeads(args, args.out.cols);
  readHeads<true, Reads::after>(ctx, heads, args.out.data, args.state.data, args.x.data, nullptr,
                                args.starts.data, args.x.rows / args.seqLen);
}

}  // namespace
}  // namespace flashlm
