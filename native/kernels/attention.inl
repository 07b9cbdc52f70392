#include <math.h>
#include <string.h>

#include "curves.inl"
#include "dropout.inl"
#include "softmax_cross_entropy.inl"
#include "strided_product.inl"

// Causal softmax attention. A task is one key and value head of one sequence with all of its query heads, so
// that nothing is shared: the gradients of keys and values have one writer. Scores exist for a block of
// queries at a time and are computed again in backward; what no row sees is skipped, never multiplied by
// zero.
namespace flashlm {
namespace {

/** Queries of a block: their scores stay in the first level cache beside the keys that pass. */
constexpr int64_t QUERY_ROWS = 16;
/** A transposed row of keys ends with a cache line more: rows a power of two apart would share few sets of
 * the cache. */
constexpr int64_t keyStride(int64_t rows) { return (rows + 15) / 16 * 16 + 16; }

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
  call.window = args.window > 0 ? args.window : INT64_MAX;
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
  /** Keys that all queries see: [commonBegin, commonEnd). */
  int64_t commonBegin() const { return lowest(rows - 1); }
  int64_t commonEnd() const { return last(0) + 1; }

  /** `edge(i, begin, end)` for the keys that only some queries see, before and after `common(begin, end)` for
   * those that all see. */
  template <class Edge, class Common>
  void eachKey(const Edge& edge, const Common& common) const {
    const int64_t begin = commonBegin(), end = commonEnd();
    for (int64_t i = 0; i < rows; i++) {
      const int64_t before = begin < last(i) + 1 ? begin : last(i) + 1;
      if (lowest(i) < before) edge(i, lowest(i), before);
    }
    if (begin < end) common(begin, end);
    const int64_t after = begin > end ? begin : end;
    for (int64_t i = 0; i < rows; i++) {
      if (after <= last(i)) edge(i, after, last(i) + 1);
    }
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

/** Scores [0, count) from products: times `factor`, capped. `slopes`, where wanted, gets what the cap's slope
 * is. */
inline void capScores(float* scores, int64_t count, float factor, float cap, float* slopes = nullptr) {
  const simd::Vec f = simd::broadcast(cap > 0 ? factor / cap : factor), c = simd::broadcast(cap);
  eachVector(0, count, [&](int64_t i, auto part) {
    simd::Vec s[1] = {simd::mul(f, take(scores + i, part))};
    if (cap > 0) {
      simd::Vec y[1], slope[1];
      TanhCurve::at(s, y, slope);
      s[0] = simd::mul(c, y[0]);
      if (slopes) put(slopes + i, slope[0], part);
    }
    put(scores + i, s[0], part);
  });
}

inline void fill(float* x, int64_t begin, int64_t end, float value) {
  for (int64_t i = begin; i < end; i++) x[i] = value;
}

/** What lies before a call: the ring of each head's keys [E x P] and of each sequence's values [P x G*E]. */
struct KeptRows {
  float *keys, *values;
  int64_t P, stride;
};

/** The rows that a task of forward reads and keeps. */
struct AttentionTask {
  int64_t s, g, row, before, kept;
  KeptRows ring;
  /** Of this call's rows, transposed [E x stride]. */
  float* keys;
  int64_t stride;

  /** `body(first key, keys, their slot or -1, row of this call)` for runs of keys that lie side by side. */
  template <class Body>
  SIMD_METHOD void eachRun(const QueryBlock& block, int64_t begin, int64_t end, const Body& body) const {
    for (int64_t k = begin; k < end;) {
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

/** One query head of a task for a block of queries. */
inline void attend(const AttentionCall& call, const AttentionTask& task, const QueryBlock& block,
                   int64_t head, float* scores, Rows<float> outs, float* lses) {
  const int64_t E = call.E, H = call.heads(), first = task.row + block.first;
  // Sums of 16 lanes begin at a multiple of 16 keys of the document: a row's bits are the same in every call.
  const int64_t origin = block.lowest(0) / 16 * 16;
  const int64_t stride = (block.last(block.rows - 1) - origin + 16) / 16 * 16;
  const Rows<const float> q = call.queries(first, head);
  memset(scores, 0, static_cast<size_t>(block.rows * stride) * sizeof(float));
  task.eachRun(
      block, block.lowest(0), block.last(block.rows - 1) + 1,
      [&](int64_t key, int64_t count, int64_t slot, int64_t row) {
        const Rows<const float> keys =
            slot < 0 ? Rows<const float>{task.keys + row, task.stride}
                     : Rows<const float>{task.ring.keys + (task.s * call.G + task.g) * E * task.ring.P + slot,
                                         task.ring.P};
        addProduct({scores + key - origin, stride}, block.rows, count, {q.data, q.stride, 1}, keys, E);
      });
  const float factor = call.factor(head);
  float inverse[QUERY_ROWS];
  for (int64_t i = 0; i < block.rows; i++) {
    float* of = scores + i * stride;
    const int64_t low = block.lowest(i) - origin, count = block.last(i) + 1 - origin;
    fill(of, 0, low, -INFINITY);
    capScores(of + low, count - low, factor, call.cap);
    const float max = rowMax(of, count);
    const double sum = expRow(of, of, count, max);
    lses[(first + i) * H + head] = static_cast<float>(max + log(sum));
    inverse[i] = static_cast<float>(1 / sum);
    if (call.rate > 0) {
      const int64_t row = block.lowest(i) > block.base ? block.lowest(i) - block.base : 0;
      const int64_t at = row + block.base - origin;
      call.drop(of + at, task.s, block.first + i, head, row, count - at);
    }
    memset(outs.from(first + i, head * E).data, 0, static_cast<size_t>(E) * sizeof(float));
  }
  const auto add = [&](int64_t i, int64_t rows, int64_t begin, int64_t end) {
    task.eachRun(block, begin, end, [&](int64_t key, int64_t count, int64_t slot, int64_t row) {
      const Rows<const float> values =
          slot < 0
              ? call.values(task.row + row, task.g)
              : Rows<const float>{task.ring.values + (task.s * task.ring.P + slot) * call.G * E + task.g * E,
                                  call.G * E};
      addProduct(outs.from(first + i, head * E), rows, E, {scores + i * stride + key - origin, stride, 1},
                 values, count);
    });
  };
  block.eachKey([&](int64_t i, int64_t begin, int64_t end) { add(i, 1, begin, end); },
                [&](int64_t begin, int64_t end) { add(0, block.rows, begin, end); });
  for (int64_t i = 0; i < block.rows; i++) scaleRow(outs.from(first + i, head * E).data, E, inverse[i]);
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

/** Tasks that a thread takes at least: a few tokens are not worth a team of threads. */
inline int64_t tasksAThread(int64_t elements) {
  return elements < THREAD_ELEMENTS ? THREAD_ELEMENTS / (elements < 1 ? 1 : elements) : 1;
}

void attention(Context& ctx, const AttentionArgs& args) noexcept {
  const AttentionCall call = attentionCall(args, args.out.cols);
  const int64_t T = call.T, G = call.G, E = call.E, P = args.keys.cols;
  const int64_t sequences = args.position.rows;
  const int64_t keysRoom = E * keyStride(T);
  const int64_t room = keysRoom + QUERY_ROWS * (P + T + 32);
  float* rooms = ctx.scratch.get<float>(static_cast<size_t>(ctx.threads) * room);
  if (!rooms) return;
  const Rows<float> outs = {args.out.data, args.out.cols};
  const int64_t grain = tasksAThread(T * (T / 2 + 1 + P) * call.R * E);
  parallelRows(ctx.threads, sequences * G, grain, [&](int64_t begin, int64_t end, int thread) {
    float* own = rooms + thread * room;
    for (int64_t i = begin; i < end; i++) {
      const int64_t s = i / G, before = args.position.data[s] > 0 ? args.position.data[s] : 0;
      const AttentionTask task = {s,
                                  i % G,
                                  s * T,
                                  before,
                                  before < P ? before : P,
                                  {args.keys.data, args.values.data, P, G * E},
                                  own,
                                  keyStride(T)};
      transposeRows(own, task.stride, call.keys(task.row, task.g), T, E);
      for (int64_t t = 0; t < T;) {
        const QueryBlock block = queryBlock(call, task.row, t, before, task.kept);
        for (int64_t r = 0; r < call.R; r++)
          attend(call, task, block, task.g * call.R + r, own + keysRoom, outs, args.outLse.data);
        t += block.rows;
      }
      if (P > 0) keepRows(call, task);
    }
  });
}

/** What backward's tasks read and write beside the call. */
struct AttentionGradients {
  Rows<const float> dy, y;
  const float* lse;
  Rows<float> dqk, dx;
  float* dgain;
};

/** A task's keys and values, transposed [E x stride], and room for the weights and the gradients of a block's
 * scores and for the slopes of a row. */
struct GradientRoom {
  float *keys, *values;
  int64_t stride;
  float *weights, *gradients, *slopes;
};

/** One query head of one key head for a block of queries. */
inline void attendBack(const AttentionCall& call, const AttentionGradients& of, const GradientRoom& room,
                       const QueryBlock& block, int64_t s, int64_t g, int64_t head) {
  const int64_t E = call.E, H = call.heads(), sequenceRow = s * call.T, first = sequenceRow + block.first;
  const int64_t origin = block.lowest(0), end = block.last(block.rows - 1) + 1;
  const int64_t stride = (end - origin + 15) / 16 * 16, row0 = origin - block.base;
  const size_t bytes = static_cast<size_t>(block.rows * stride) * sizeof(float);
  const Rows<const float> q = call.queries(first, head), dy = of.dy.from(first, head * E);
  memset(room.weights, 0, bytes);
  memset(room.gradients, 0, bytes);
  addProduct({room.weights, stride}, block.rows, end - origin, {q.data, q.stride, 1},
             {room.keys + row0, room.stride}, E);
  addProduct({room.gradients, stride}, block.rows, end - origin, {dy.data, dy.stride, 1},
             {room.values + row0, room.stride}, E);
  const float factor = call.factor(head), root = sqrtf(static_cast<float>(E));
  for (int64_t i = 0; i < block.rows; i++) {
    const int64_t low = block.lowest(i) - origin, count = block.last(i) + 1 - origin;
    float* p = room.weights + i * stride;
    float* ds = room.gradients + i * stride;
    const float* g1 = dy.data + i * dy.stride;
    const float* y = of.y.from(first + i, head * E).data;
    const double mean = sumVectors(E, [=](simd::Vec sum, int64_t e, auto part) {
      return simd::fma(take(g1 + e, part), take(y + e, part), sum);
    });
    // Products of queries and keys, for the gradient of the head's gain.
    float* products = room.slopes + stride;
    if (of.dgain) memcpy(products + low, p + low, static_cast<size_t>(count - low) * sizeof(float));
    capScores(p + low, count - low, factor, call.cap, room.slopes + low);
    const simd::Vec lse = simd::broadcast(of.lse[(first + i) * H + head]);
    eachVector(low, count, [&](int64_t c, auto part) {
      simd::Vec e[1] = {simd::sub(lse, take(p + c, part))};
      const simd::Vec isHuge = simd::sub(simd::zero(), simd::add(e[0], simd::broadcast(88.7f)));
      simd::expMinus(e);
      // A score far above its softmax's sum is none, but must not look like a number, nor like NaN.
      put(p + c, simd::select(simd::greater(isHuge, simd::zero()), simd::broadcast(INFINITY), e[0]), part);
    });
    if (call.rate > 0) call.drop(ds + low, s, block.first + i, head, row0 + low, count - low);
    const simd::Vec pull = simd::broadcast(static_cast<float>(mean)), f = simd::broadcast(factor);
    const bool isCapped = call.cap > 0;
    const double ofGain = sumVectors(count - low, [&](simd::Vec sum, int64_t c, auto part) {
      const int64_t at = low + c;
      simd::Vec d = simd::mul(take(p + at, part), simd::sub(take(ds + at, part), pull));
      if (isCapped) d = simd::mul(d, take(room.slopes + at, part));
      put(ds + at, simd::mul(f, d), part);
      return of.dgain ? addTerms(sum, d, take(products + at, part), part) : sum;
    });
    if (of.dgain) of.dgain[(first + i) * H + head] = static_cast<float>(ofGain / root);
    if (call.rate > 0) call.drop(p + low, s, block.first + i, head, row0 + low, count - low);
    memset(of.dqk.from(first + i, head * E).data, 0, static_cast<size_t>(E) * sizeof(float));
  }
  const auto toQueries = [&](int64_t i, int64_t rows, int64_t begin, int64_t stop) {
    addProduct(of.dqk.from(first + i, head * E), rows, E,
               {room.gradients + i * stride + begin - origin, stride, 1},
               call.keys(sequenceRow + begin - block.base, g), stop - begin);
  };
  block.eachKey([&](int64_t i, int64_t begin, int64_t stop) { toQueries(i, 1, begin, stop); },
                [&](int64_t begin, int64_t stop) { toQueries(0, block.rows, begin, stop); });

  // Queries [from, to) see keys [key, key + keys).
  const auto toKeys = [&](int64_t key, int64_t keys, int64_t from, int64_t to) {
    const int64_t row = sequenceRow + key - block.base, at = from * stride + key - origin;
    addProduct(of.dqk.from(row, (H + g) * E), keys, E, {room.gradients + at, 1, stride}, q.from(from, 0),
               to - from);
    addProduct(of.dx.from(row, (H + call.G + g) * E), keys, E, {room.weights + at, 1, stride},
               dy.from(from, 0), to - from);
  };
  const int64_t begin = block.commonBegin(), stop = block.commonEnd();
  if (begin < stop) toKeys(begin, stop - begin, 0, block.rows);
  for (int64_t key = origin; key < end; key++) {
    if (key >= begin && key < stop) continue;
    int64_t from = key - block.last(0), to = block.rows;
    if (from < 0) from = 0;
    while (to > from && block.lowest(to - 1) > key) to--;
    if (from < to) toKeys(key, 1, from, to);
  }
}

void attentionGrad(Context& ctx, const AttentionGradArgs& args) noexcept {
  const AttentionCall call = attentionCall(args, args.y.cols);
  const int64_t T = call.T, G = call.G, E = call.E, H = call.heads();
  const int64_t stride = keyStride(T), scores = QUERY_ROWS * stride;
  const int64_t roomSize = 2 * E * stride + 2 * scores + 2 * stride;
  float* rooms = ctx.scratch.get<float>(static_cast<size_t>(ctx.threads) * roomSize);
  if (!rooms) return;
  const AttentionGradients of = {
      {args.dy.data, args.dy.cols},         {args.y.data, args.y.cols},         args.lse.data,
      {args.outDqk.data, args.outDqk.cols}, {args.outDx.data, args.outDx.cols}, args.outDgain.data};
  const int64_t grain = tasksAThread(T * (T / 2 + 1) * call.R * E);
  parallelRows(ctx.threads, args.y.rows / T * G, grain, [&](int64_t begin, int64_t end, int thread) {
    float* own = rooms + thread * roomSize;
    const GradientRoom room = {own,
                               own + E * stride,
                               stride,
                               own + 2 * E * stride,
                               own + 2 * E * stride + scores,
                               own + 2 * (E * stride + scores)};
    for (int64_t i = begin; i < end; i++) {
      const int64_t s = i / G, g = i % G, row = s * T;
      transposeRows(room.keys, stride, call.keys(row, g), T, E);
      transposeRows(room.values, stride, call.values(row, g), T, E);
      for (int64_t t = row; t < row + T; t++) {
        memset(of.dqk.from(t, (H + g) * E).data, 0, static_cast<size_t>(E) * sizeof(float));
        memset(of.dx.from(t, (H + G + g) * E).data, 0, static_cast<size_t>(E) * sizeof(float));
      }
      for (int64_t r = 0; r < call.R; r++) {
        for (int64_t t = 0; t < T;) {
          const QueryBlock block = queryBlock(call, row, t, 0, 0);
          attendBack(call, of, room, block, s, g, g * call.R + r);
          t += block.rows;
        }
      }
    }
  });
}

}  // namespace
}  // namespace flashlm
