#include <string.h>

#include "column_scans.inl"
#include "row_sums.inl"

// Heads whose state is a matrix S [K x V]: gla and delta (core/ops/entries/linear-attention.ts). One thread
// takes one key head of one sequence, row after row, with its states in a core's cache. Backward keeps the
// states at about sqrt(T) rows and computes those between two of them again.
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
  /** Floats that `rowOf` needs. */
  int64_t room() const { return 3 * keys + decays; }
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

/** A head's numbers of one row: q, k and decay [K]. */
struct HeadRow {
  const float *q, *k, *v, *decay;
  float gate;
  /** 1 / norm of the query and of the key, where they are normalised. */
  double perQ, perK;
};

/** x divided by its norm, and 1 / norm. */
inline double normalise(float* to, const float* x, int64_t count, double eps) {
  simd::Sum16 squares;
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) squares.addSquares(x + i);
  if (i < count) squares.addSquaresPartial(x + i, static_cast<int>(count - i));
  const double per = 1 / __builtin_sqrt(squares.fold() + eps);
  const simd::Vec factor = simd::broadcast(static_cast<float>(per));
  eachVector(0, count,
             [=](int64_t k, auto part) { put(to + k, simd::mul(take(x + k, part), factor), part); });
  return per;
}

/** The numbers of a head in row `x`; `room` holds those that x does not have as they are. */
template <bool DELTA>
inline HeadRow rowOf(const Heads& heads, const float* x, int64_t head, float* room) {
  const int64_t K = heads.keys, E = heads.decays, keyHead = head / heads.group;
  float *decay = room, *q = room + K, *k = room + 2 * K, *factors = E == K ? decay : room + 3 * K;
  HeadRow row = {x + heads.q(keyHead), x + heads.k(keyHead), x + heads.v(head), decay, 1.0f, 1, 1};
  if (heads.gates) row.gate = x[heads.gate(head)];
  const float* logs = x + heads.decay(head);
  eachVector(0, E, [=](int64_t i, auto part) {
    simd::Vec fade[1] = {simd::max(simd::zero(), simd::neg(take(logs + i, part)))};
    simd::expMinus(fade);
    put(factors + i, fade[0], part);
  });
  if (E == 0) {
    float lost = heads.fade;
    for (int64_t before = 0; before < head && lost > 0; before++) lost /= 2;
    for (int64_t c = 0; c < K; c++) decay[c] = 1 - lost;
  } else if (E != K) {
    for (int64_t c = 0; c < K; c++) decay[c] = factors[heads.column(c)];
  }
  if (DELTA) {
    row.perQ = normalise(q, row.q, K, heads.eps);
    row.perK = normalise(k, row.k, K, heads.eps);
    row.q = q;
    row.k = k;
  }
  return row;
}

/** The sum of q u k: how much of what a row writes it reads itself, before it is written. */
inline float bonusOf(const HeadRow& row, const float* bonus, int64_t K) {
  return static_cast<float>(sumVectors(K, [=](simd::Vec sum, int64_t i, auto part) {
    return simd::fma(simd::mul(take(row.q + i, part), take(bonus + i, part)), take(row.k + i, part), sum);
  }));
}

/** When a row reads its state: after it has written, or before, or never. */
enum class Reads { after, before, never };

/**
 * Moves a state over one row: `next` may be `before`. `residual` [V], where it is not null, gets what the
 * row's gate lets in; `out` [V] what it reads, which is unused where it never does. `share` is `bonusOf`.
 */
template <bool DELTA, Reads READS>
inline void step(const Heads& heads, const HeadRow& row, const float* before, float* next, float* residual,
                 float* out, float share) {
  const int64_t K = heads.keys, V = heads.values;
  eachFour(0, V, [=](int64_t i, auto part, auto registers) INLINE_BODY {
    constexpr int N = registers.COUNT;
    simd::Vec written[N], read[N];
    for (int j = 0; j < N; j++) {
      written[j] = take(row.v + i + j * simd::LANES, part);
      read[j] = simd::zero();
    }
    if (DELTA) {
      simd::Vec known[N];
      for (int j = 0; j < N; j++) known[j] = simd::zero();
      for (int64_t c = 0; c < K; c++) {
        const simd::Vec key = simd::broadcast(row.k[c] * row.decay[c]);
        for (int j = 0; j < N; j++)
          known[j] = simd::fma(key, take(before + c * V + i + j * simd::LANES, part), known[j]);
      }
      for (int j = 0; j < N; j++) written[j] = simd::sub(written[j], known[j]);
    }
    for (int j = 0; j < N; j++) {
      if (residual) put(residual + i + j * simd::LANES, written[j], part);
      written[j] = simd::mul(simd::broadcast(row.gate), written[j]);
    }
    for (int64_t c = 0; c < K; c++) {
      const simd::Vec decay = simd::broadcast(row.decay[c]), key = simd::broadcast(row.k[c]);
      const simd::Vec query = simd::broadcast(row.q[c]);
      for (int j = 0; j < N; j++) {
        const int64_t at = c * V + i + j * simd::LANES;
        const simd::Vec old = take(before + at, part);
        if (READS == Reads::before) read[j] = simd::fma(query, old, read[j]);
        const simd::Vec state = simd::fma(key, written[j], simd::mul(decay, old));
        if (READS == Reads::after) read[j] = simd::fma(query, state, read[j]);
        put(next + at, state, part);
      }
    }
    if (READS == Reads::never) return;
    for (int j = 0; j < N; j++) {
      if (READS == Reads::before) read[j] = simd::fma(simd::broadcast(share), written[j], read[j]);
      put(out + i + j * simd::LANES, simd::mul(simd::broadcast(heads.scale), read[j]), part);
    }
  });
}

/** Floats of `count`, to whole cache lines. */
inline int64_t wholeLines(int64_t count) { return (count + 15) / 16 * 16; }

/** Calls `fn(sequence, keyHead, thread)` for every key head of every sequence, on all threads. */
template <class Fn>
inline void eachKeyHead(const Context& ctx, const Heads& heads, int64_t sequences, const Fn& fn) {
  const int64_t work = heads.seqLen * heads.group * heads.state();
  const int64_t grain = work < THREAD_ELEMENTS ? THREAD_ELEMENTS / (work > 0 ? work : 1) : 1;
  parallelRows(ctx.threads, sequences * heads.keyHeads, grain, [&](int64_t begin, int64_t end, int thread) {
    for (int64_t task = begin; task < end; task++) fn(task / heads.keyHeads, task % heads.keyHeads, thread);
  });
}

template <bool DELTA, Reads READS>
inline void readHeads(Context& ctx, const Heads& heads, float* outs, float* states, const float* xs,
                      const float* bonus, const int32_t* starts, int64_t sequences) {
  const int64_t T = heads.seqLen, size = heads.state(), lines = wholeLines(heads.room());
  float* rooms = ctx.scratch.get<float>(ctx.threads * lines);
  if (!rooms) return;
  eachKeyHead(ctx, heads, sequences, [=](int64_t s, int64_t keyHead, int thread) {
    float* room = rooms + thread * lines;
    for (int64_t head = keyHead * heads.group; head < (keyHead + 1) * heads.group; head++) {
      float* state = states + (s * heads.count() + head) * size;
      for (int64_t t = 0; t < T; t++) {
        const int64_t i = s * T + t;
        if (documentBegins(starts, i, t)) memset(state, 0, size * sizeof(float));
        const HeadRow row = rowOf<DELTA>(heads, xs + i * heads.cols(), head, room);
        const float share = READS == Reads::before ? bonusOf(row, bonus + head * heads.keys, heads.keys) : 0;
        step<DELTA, READS>(heads, row, state, state, nullptr,
                           outs + (i * heads.count() + head) * heads.values, share);
      }
    }
  });
}

/** A thread's memory in backward. */
struct HeadRoom {
  /** Rows between two states that are kept, and how many are. */
  int64_t stretch, kept;
  float *row, *marks, *states, *residuals, *dState, *dq, *dk, *dDecay, *dOut, *written, *dWritten, *dResidual;

  HeadRoom(const Heads& heads) : stretch(1) {
    while (stretch * stretch < heads.seqLen) stretch++;
    kept = (heads.seqLen + stretch - 1) / stretch;
  }

  /** Floats of all of it; `base` is where it begins. */
  int64_t place(const Heads& heads, float* base) {
    const int64_t K = heads.keys, V = heads.values, size = heads.state();
    int64_t used = 0;
    const auto next = [&](int64_t count) {
      float* at = base ? base + used : nullptr;
      used += wholeLines(count);
      return at;
    };
    row = next(heads.room());
    marks = next(kept * size);
    states = next((stretch + 1) * size);
    residuals = next(stretch * V);
    dState = next(size);
    dq = next(K);
    dk = next(K);
    dDecay = next(K);
    dOut = next(V);
    written = next(V);
    dWritten = next(V);
    dResidual = next(V);
    return used;
  }
};

inline float dotOf(const float* a, const float* b, int64_t count) {
  return static_cast<float>(sumVectors(count, [=](simd::Vec sum, int64_t i, auto part) {
    return simd::fma(take(a + i, part), take(b + i, part), sum);
  }));
}

/**
 * The gradients of one row of a head, from the state before it and the gradient of the one after it, which
 * becomes that of the one before. Fills dq, dk, dDecay of `room`, writes the columns of v and gate of `dx`,
 * and returns the product of what the row writes with the gradient of what it reads.
 */
template <bool DELTA, Reads READS>
inline float rowGradients(const Heads& heads, const HeadRow& row, const HeadRoom& room, const float* before,
                          const float* residual, const float* dy, const float* bonus, float* dv,
                          float* dGate) {
  const int64_t K = heads.keys, V = heads.values;
  const float share = READS == Reads::before ? bonusOf(row, bonus, K) : 0;
  eachFour(0, V, [=](int64_t i, auto part, auto registers) INLINE_BODY {
    constexpr int N = registers.COUNT;
    simd::Vec dOut[N], sum[N];
    for (int j = 0; j < N; j++) {
      const int64_t at = i + j * simd::LANES;
      dOut[j] = simd::mul(simd::broadcast(heads.scale), take(dy + at, part));
      put(room.dOut + at, dOut[j], part);
      put(room.written + at, simd::mul(simd::broadcast(row.gate), take(residual + at, part)), part);
      sum[j] = simd::mul(simd::broadcast(share), dOut[j]);
    }
    for (int64_t c = 0; c < K; c++) {
      const simd::Vec key = simd::broadcast(row.k[c]), query = simd::broadcast(row.q[c]);
      for (int j = 0; j < N; j++) {
        float* at = room.dState + c * V + i + j * simd::LANES;
        simd::Vec d = take(at, part);
        if (READS == Reads::after) {
          d = simd::fma(query, dOut[j], d);
          put(at, d, part);
        }
        sum[j] = simd::fma(key, d, sum[j]);
      }
    }
    for (int j = 0; j < N; j++) {
      const int64_t at = i + j * simd::LANES;
      const simd::Vec dResidual = simd::mul(simd::broadcast(row.gate), sum[j]);
      put(room.dWritten + at, sum[j], part);
      put(room.dResidual + at, dResidual, part);
      put(dv + at, dResidual, part);
    }
  });
  if (heads.gates) *dGate = dotOf(room.dWritten, residual, V);
  const float ofWritten = dotOf(room.written, room.dOut, V);

  for (int64_t c = 0; c < K; c++) {
    const float* old = before + c * V;
    float* d = room.dState + c * V;
    const simd::Vec key = simd::broadcast(row.k[c]), query = simd::broadcast(row.q[c]);
    const simd::Vec decay = simd::broadcast(row.decay[c]);
    simd::Vec read = simd::zero(), ofKey = read, known = read, ofDecay = read;
    eachVector(0, V, [&](int64_t i, auto part) INLINE_BODY {
      const simd::Vec state = take(old + i, part), dOut = take(room.dOut + i, part);
      simd::Vec dNext = take(d + i, part);
      read = simd::fma(state, dOut, read);
      ofKey = simd::fma(dNext, take(room.written + i, part), ofKey);
      if (DELTA) {
        const simd::Vec dResidual = take(room.dResidual + i, part);
        known = simd::fma(state, dResidual, known);
        dNext = simd::fnma(key, dResidual, dNext);
      }
      ofDecay = simd::fma(dNext, state, ofDecay);
      dNext = simd::mul(decay, dNext);
      if (READS == Reads::before) dNext = simd::fma(query, dOut, dNext);
      put(d + i, dNext, part);
    });
    const float u = READS == Reads::before ? bonus[c] : 0, reads = simd::reduceAdd(read);
    room.dq[c] = READS == Reads::before ? reads + u * row.k[c] * ofWritten
                                        : row.decay[c] * reads + row.k[c] * ofWritten;
    room.dk[c] = simd::reduceAdd(ofKey) + u * row.q[c] * ofWritten;
    if (DELTA) room.dk[c] -= row.decay[c] * simd::reduceAdd(known);
    room.dDecay[c] = row.decay[c] * simd::reduceAdd(ofDecay);
  }
  return ofWritten;
}

/**
 * The gradient `d` of a query or key; of one that was divided by its norm, from the numbers `x` that it was.
 * Their part along x is taken off in float64: what is left of it may be small. Added where a head before has
 * written.
 */
template <bool NORMALISED>
inline void putGradient(float* to, const float* d, const float* x, double per, int64_t count, bool isAdded) {
  double along = 0;
  for (int64_t c = 0; NORMALISED && c < count; c++) along += x[c] * per * d[c];
  for (int64_t c = 0; c < count; c++) {
    const float v = NORMALISED ? static_cast<float>(per * (d[c] - x[c] * per * along)) : d[c];
    to[c] = isAdded ? to[c] + v : v;
  }
}

/** `ofWritten` [rows x heads], where it is not null, gets what `rowGradients` returns. */
template <bool DELTA, Reads READS>
inline void headGradients(Context& ctx, const Heads& heads, float* dxs, const float* dys, const float* xs,
                          const float* bonus, const int32_t* starts, int64_t sequences, float* ofWritten) {
  const int64_t T = heads.seqLen, K = heads.keys, V = heads.values, size = heads.state(), cols = heads.cols();
  HeadRoom measure(heads);
  const int64_t floats = measure.place(heads, nullptr);
  float* rooms = ctx.scratch.get<float>(ctx.threads * floats);
  if (!rooms) return;
  eachKeyHead(ctx, heads, sequences, [=](int64_t s, int64_t keyHead, int thread) {
    HeadRoom room(heads);
    room.place(heads, rooms + thread * floats);
    const auto begins = [=](int64_t t) { return documentBegins(starts, s * T + t, t); };
    const auto clear = [=](float* state) { memset(state, 0, size * sizeof(float)); };
    const auto copy = [=](float* to, const float* from) { memcpy(to, from, size * sizeof(float)); };
    for (int64_t head = keyHead * heads.group; head < (keyHead + 1) * heads.group; head++) {
      const bool isAdded = head > keyHead * heads.group;
      const float* own = bonus ? bonus + head * K : nullptr;
      const auto rowAt = [&](int64_t t) {
        return rowOf<DELTA>(heads, xs + (s * T + t) * cols, head, room.row);
      };
      const auto advance = [&](int64_t t, const float* from, float* to, float* residual) {
        step<DELTA, Reads::never>(heads, rowAt(t), from, to, residual, nullptr, 0);
      };
      clear(room.states);
      for (int64_t t = 0; t <= (room.kept - 1) * room.stretch; t++) {
        if (t % room.stretch == 0) copy(room.marks + t / room.stretch * size, room.states);
        if (begins(t)) clear(room.states);
        advance(t, room.states, room.states, nullptr);
      }
      clear(room.dState);
      for (int64_t n = room.kept - 1; n >= 0; n--) {
        const int64_t first = n * room.stretch, left = T - first;
        const int64_t count = left < room.stretch ? left : room.stretch;
        copy(room.states, room.marks + n * size);
        for (int64_t r = 0; r < count; r++) {
          float* state = room.states + r * size;
          if (begins(first + r)) clear(state);
          advance(first + r, state, state + size, room.residuals + r * V);
        }
        for (int64_t r = count - 1; r >= 0; r--) {
          const int64_t t = first + r, i = s * T + t;
          const HeadRow row = rowAt(t);
          const float* x = xs + i * cols;
          float* dx = dxs + i * cols;
          const float written = rowGradients<DELTA, READS>(
              heads, row, room, room.states + r * size, room.residuals + r * V,
              dys + (i * heads.count() + head) * V, own, dx + heads.v(head), dx + heads.gate(head));
          if (ofWritten) ofWritten[i * heads.count() + head] = written;
          putGradient<DELTA>(dx + heads.q(keyHead), room.dq, x + heads.q(keyHead), row.perQ, K, isAdded);
          putGradient<DELTA>(dx + heads.k(keyHead), room.dk, x + heads.k(keyHead), row.perK, K, isAdded);
          float* dLogs = dx + heads.decay(head);
          const float* logs = x + heads.decay(head);
          for (int64_t e = 0; e < heads.decays; e++) dLogs[e] = 0;
          for (int64_t c = 0; heads.decays && c < K; c++) {
            const int64_t e = heads.column(c);
            if (!(logs[e] > 0)) dLogs[e] += room.dDecay[c];
          }
          if (begins(t)) clear(room.dState);
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

void glaGrad(Context& ctx, const GlaGradArgs& args) noexcept {
  const Heads heads = glaHeads(args, args.dy.cols);
  const float* bonus = args.bonus.data;
  const int64_t sequences = args.x.rows / args.seqLen, rows = args.x.rows;
  if (!bonus) {
    headGradients<false, Reads::after>(ctx, heads, args.outDx.data, args.dy.data, args.x.data, bonus,
                                       args.starts.data, sequences, nullptr);
    return;
  }
  float* ofWritten = ctx.scratch.get<float>(rows * heads.count());
  if (!ofWritten) return;
  headGradients<false, Reads::before>(ctx, heads, args.outDx.data, args.dy.data, args.x.data, bonus,
                                      args.starts.data, sequences, ofWritten);
  if (ctx.scratch.failed() || !args.accBonus.data) return;
  // The bonus is of all rows: its sum has the order of all sums over rows.
  float* accBonus = args.accBonus.data;
  const float* xs = args.x.data;
  const int64_t K = heads.keys, all = heads.count() * K;
  const auto onRow = [=](int64_t row, float* sums) {
    const float* x = xs + row * heads.cols();
    for (int64_t head = 0; head < heads.count(); head++) {
      const float* q = x + heads.q(head / heads.group);
      const float* k = x + heads.k(head / heads.group);
      const simd::Vec share = simd::broadcast(ofWritten[row * heads.count() + head]);
      float* sum = sums + head * K;
      eachVector(0, K, [=](int64_t i, auto part) {
        const simd::Vec product = simd::mul(take(q + i, part), take(k + i, part));
        put(sum + i, simd::fma(product, share, take(sum + i, part)), part);
      });
    }
  };
  eachRowWithSums(ctx, rows, all, all, onRow,
                  [=](const PartSums& sums) { foldParts(accBonus, all, sums, 0); });
}

void delta(Context& ctx, const DeltaArgs& args) noexcept {
  const Heads heads = deltaHeads(args, args.out.cols);
  readHeads<true, Reads::after>(ctx, heads, args.out.data, args.state.data, args.x.data, nullptr,
                                args.starts.data, args.x.rows / args.seqLen);
}

void deltaGrad(Context& ctx, const DeltaGradArgs& args) noexcept {
  const Heads heads = deltaHeads(args, args.dy.cols);
  headGradients<true, Reads::after>(ctx, heads, args.outDx.data, args.dy.data, args.x.data, nullptr,
                                    args.starts.data, args.x.rows / args.seqLen, nullptr);
}

}  // namespace
}  // namespace flashlm
