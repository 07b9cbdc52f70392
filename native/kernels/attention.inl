#include <math.h>
#include <string.h>

#include "attention_call.inl"
#include "vectors.inl"

// Causal softmax attention. A task is one key and value head of one sequence with all of its query heads, so
// that nothing is shared: the gradients of keys and values have one writer. Scores exist for a block of
// queries at a time; what no row sees is skipped, never multiplied by zero.
namespace flashlm {
namespace {

/** What lies before a call: the ring of each head's keys [E x P] and of each sequence's values [P x G*E]. */
struct KeptRows {
  float *keys, *values;
  int64_t P, stride;
};

/** The rows that a task of forward reads and keeps. */
struct AttentionTask {
  int64_t s, g, row, before, kept;
  KeptRows ring;
  /** Of this call's rows: keys, transposed [E x stride], and values [T x stride]. */
  Rows<const float> keys, values;

  /** `body(first key, keys, their slot or -1, row of this call)` for runs of keys that lie side by side. */
  template <class Body>
  SIMD_METHOD void eachRun(const QueryBlock& block, const Body& body) const {
    const int64_t end = block.end();
    for (int64_t k = block.lowest(0); k < end;) {
      const int64_t row = k - block.base;
      if (row >= 0) return body(k, end - k, int64_t{-1}, row);
      const int64_t slot = (before + row) % ring.P;
      int64_t count = -row < end - k ? -row : end - k;
      if (count > ring.P - slot) count = ring.P - slot;
      body(k, count, slot, row);
      k += count;
    }
  }
};

/**
 * The weights of a query before they are divided by their sum, in place of the products [low, end). Registers
 * of 16 keys begin at a multiple of 16 keys of the document, so that a row's bits are the same in every call;
 * `row` has space for one after its end.
 */
struct WeightRow {
  float* row;
  int64_t low, end;

  int64_t first() const { return low / 16 * 16; }
  int64_t last() const { return (end + 15) / 16 * 16; }

  /** Sets what registers hold beside the row's keys. */
  SIMD_METHOD void pad(float before, float after) const {
    for (int64_t i = first(); i < low; i++) row[i] = before;
    for (int64_t i = 0; i < 16; i += simd::LANES) simd::store(row + end + i, simd::broadcast(after));
  }
  /** Overwrites products with scores, and returns the largest. */
  SIMD_METHOD float score(const Scores& scores) const {
    pad(row[low], row[end - 1]);
    simd::Vec maxima[MOST_REGISTERS];
    for (simd::Vec& m : maxima) m = simd::broadcast(-INFINITY);
    eachSixteen(first(), last(), [&](int64_t i, auto registers) INLINE_BODY {
      simd::Vec s[registers.COUNT], slope[registers.COUNT];
      for (int j = 0; j < registers.COUNT; j++) s[j] = simd::load(row + i + j * simd::LANES);
      scores.of(s, slope);
      for (int j = 0; j < registers.COUNT; j++) {
        maxima[j] = simd::max(maxima[j], s[j]);
        simd::store(row + i + j * simd::LANES, s[j]);
      }
    });
    pad(-INFINITY, -INFINITY);
    for (int j = 1; j < MOST_REGISTERS; j++) maxima[0] = simd::max(maxima[0], maxima[j]);
    return simd::reduceMax(maxima[0]);
  }
  /** Puts e^(score - max) in place of scores, and returns their sum: in float64, as many small ones beside a
   * large one count too. */
  SIMD_METHOD double weigh(float max) const {
    simd::Sum16 sum;
    const simd::Vec shift = simd::broadcast(max);
    eachSixteen(first(), last(), [&](int64_t i, auto registers) INLINE_BODY {
      simd::Vec e[registers.COUNT];
      for (int j = 0; j < registers.COUNT; j++)
        e[j] = simd::sub(shift, simd::load(row + i + j * simd::LANES));
      simd::expMinus(e);
      for (int j = 0; j < registers.COUNT; j++) simd::store(row + i + j * simd::LANES, e[j]);
      for (int j = 0; j < registers.COUNT; j += SIXTEEN) sum.add(row + i + j * simd::LANES);
    });
    return sum.fold();
  }
};

/** A thread's memory: a task's keys and values, and the weights and sums of a block of queries. */
struct AttentionRoom {
  Rows<float> keys, values, weights, sums;

  /** Floats of all of it for T rows after P others; `base` is where it begins. */
  int64_t place(int64_t T, int64_t P, int64_t E, float* base) {
    Matrices own = {base};
    keys = own.next(E, T);
    values = own.next(T, E);
    weights = own.next(QUERY_ROWS, P + T + 32);
    sums = own.next(QUERY_ROWS, E);
    return own.used;
  }
};

inline void clearRows(Rows<float> of, int64_t rows, int64_t cols) {
  for (int64_t i = 0; i < rows; i++) memset(of.from(i, 0).data, 0, static_cast<size_t>(cols) * sizeof(float));
}

/**
 * Keys of a document between two of whose multiples values are summed by themselves: in one sum over all
 * keys, each of many small weights beside a large one would be rounded to the large one's digits.
 */
constexpr int64_t STRETCH = 128;

/** Sums values by the weights of a block's queries: those of keys from `origin` on. */
inline void sumValues(const AttentionCall& call, const AttentionTask& task, const QueryBlock& block,
                      Rows<const float> weights, int64_t origin, Rows<float> room, Rows<float> out) {
  const int64_t E = call.E, P = task.ring.P, last = block.end() - 1;
  const bool isOne = block.lowest(0) / STRETCH == last / STRETCH;
  const Rows<float> sums = isOne ? out : room;
  clearRows(out, block.rows, E);
  clearRows(sums, block.rows, E);
  task.eachRun(block, [&](int64_t key, int64_t count, int64_t slot, int64_t row) {
    const int64_t kept = (task.s * P + slot) * task.ring.stride + task.g * E;
    const Rows<const float> values =
        slot < 0 ? task.values.from(row, 0) : Rows<const float>{task.ring.values + kept, task.ring.stride};
    for (int64_t k = key, end = key + count; k < end;) {
      const int64_t next = (k / STRETCH + 1) * STRETCH, to = next < end ? next : end;
      formProduct<Onto::extend>({sums,
                                 block.rows,
                                 E,
                                 {weights.data + k - origin, weights.stride, 1},
                                 values.from(k - key, 0),
                                 to - k,
                                 block.seen(k)});
      k = to;
      if (isOne || (k < next && k <= last)) continue;
      for (int64_t i = 0; i < block.rows; i++) {
        float *of = sums.from(i, 0).data, *all = out.from(i, 0).data;
        eachVector(0, E, [=](int64_t e, auto part) {
          put(all + e, simd::add(take(all + e, part), take(of + e, part)), part);
          put(of + e, simd::zero(), part);
        });
      }
    }
  });
}

/** One query head of a task for a block of queries. */
inline void attend(const AttentionCall& call, const AttentionTask& task, const QueryBlock& block,
                   int64_t head, const AttentionRoom& room, Rows<float> outs, float* lses) {
  const int64_t E = call.E, H = call.heads(), P = task.ring.P, first = task.row + block.first;
  const int64_t origin = block.lowest(0) / 16 * 16, stride = rowStride(block.end() - origin + 16);
  float* weights = room.weights.data;
  const Rows<const float> q = call.queries(first, head);
  const Rows<float> out = outs.from(first, head * E);
  task.eachRun(block, [&](int64_t key, int64_t count, int64_t slot, int64_t row) {
    const Rows<const float> keys =
        slot < 0 ? task.keys.from(0, row)
                 : Rows<const float>{task.ring.keys + (task.s * call.G + task.g) * E * P + slot, P};
    formProduct<Onto::replace>({{weights + key - origin, stride},
                                block.rows,
                                count,
                                {q.data, q.stride, 1},
                                keys,
                                E,
                                block.seen(key)});
  });
  const Scores scores = {call.factor(head), call.cap};
  const auto rowOf = [&](int64_t i) {
    return WeightRow{weights + i * stride, block.lowest(i) - origin, block.last(i) + 1 - origin};
  };
  // All maxima before all sums: what a row's ends in takes longer than its loop.
  float max[QUERY_ROWS];
  double sum[QUERY_ROWS];
  for (int64_t i = 0; i < block.rows; i++) max[i] = rowOf(i).score(scores);
  for (int64_t i = 0; i < block.rows; i++) sum[i] = rowOf(i).weigh(max[i]);
  for (int64_t i = 0; i < block.rows; i++) {
    lses[(first + i) * H + head] = static_cast<float>(max[i] + log(sum[i]));
    if (!(call.rate > 0)) continue;
    const int64_t from = block.lowest(i) > block.base ? block.lowest(i) - block.base : 0;
    const int64_t at = from + block.base - origin;
    call.drop(weights + i * stride + at, task.s, block.first + i, head, from,
              block.last(i) + 1 - origin - at);
  }
  sumValues(call, task, block, {weights, stride}, origin, room.sums, out);
  for (int64_t i = 0; i < block.rows; i++) {
    float* row = out.from(i, 0).data;
    const simd::Vec factor = simd::broadcast(static_cast<float>(1 / sum[i]));
    eachVector(0, E,
               [=](int64_t e, auto part) { put(row + e, simd::mul(take(row + e, part), factor), part); });
  }
}

/** Puts the last rows of a task among those before the next call. */
inline void keepRows(const AttentionCall& call, const AttentionTask& task) {
  const int64_t E = call.E, P = task.ring.P;
  for (int64_t t = call.T > P ? call.T - P : 0; t < call.T; t++) {
    const int64_t slot = (task.before + t) % P;
    const float* key = call.keys(task.row + t, task.g).data;
    float* kept = task.ring.keys + (task.s * call.G + task.g) * E * P + slot;
    for (int64_t e = 0; e < E; e++) kept[e * P] = key[e];
    memcpy(task.ring.values + (task.s * P + slot) * call.G * E + task.g * E,
           call.values(task.row + t, task.g).data, static_cast<size_t>(E) * sizeof(float));
  }
}

void attention(Context& ctx, const AttentionArgs& args) noexcept {
  const AttentionCall call = attentionCall(args, args.out.cols);
  const int64_t T = call.T, G = call.G, E = call.E, P = args.keys.cols;
  const int64_t sequences = args.position.rows;
  AttentionRoom measure;
  const int64_t roomSize = measure.place(T, P, E, nullptr);
  float* rooms = ctx.scratch.get<float>(static_cast<size_t>(ctx.threads) * roomSize);
  if (!rooms) return;
  const Rows<float> outs = {args.out.data, args.out.cols};
  const int64_t grain = tasksAThread(T * (T / 2 + 1 + P) * call.R * E);
  parallelRows(ctx.threads, sequences * G, grain, [&](int64_t begin, int64_t end, int thread) {
    AttentionRoom room;
    room.place(T, P, E, rooms + thread * roomSize);
    for (int64_t i = begin; i < end; i++) {
      const int64_t s = i / G, before = args.position.data[s] > 0 ? args.position.data[s] : 0;
      const KeptRows ring = {args.keys.data, args.values.data, P, G * E};
      const AttentionTask task = {s,    i % G,     s * T,      before, before < P ? before : P,
                                  ring, room.keys, room.values};
      transposeRows(room.keys.data, room.keys.stride, call.keys(task.row, task.g), T, E);
      copyRows(room.values, call.values(task.row, task.g), T, E);
      for (int64_t t = 0; t < T;) {
        const QueryBlock block = queryBlock(call, task.row, t, before, task.kept);
        for (int64_t r = 0; r < call.R; r++)
          attend(call, task, block, task.g * call.R + r, room, outs, args.outLse.data);
        t += block.rows;
      }
      if (P > 0) keepRows(call, task);
    }
  });
}

}  // namespace
}  // namespace flashlm
