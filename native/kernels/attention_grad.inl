#include <math.h>
#include <string.h>

#include "attention_call.inl"
#include "vectors.inl"

// Attention's gradients, by the tasks of forward: those of a head's keys and values have one writer. The
// weights of some queries and keys are computed again, and used for all gradients while they are in the
// nearest caches.
namespace flashlm {
namespace {

/** What backward's tasks read and write beside the call. */
struct AttentionGradients {
  Rows<const float> dy, y;
  const float* lse;
  Rows<float> dqk, dx;
  float* dgain;
};

/** A task's keys, also transposed [E x stride] as its values are, their gradients, and a block's weights and
 * gradients of scores. */
struct GradientRoom {
  Rows<float> keysAcross, valuesAcross, keys, dKeys, dValues, weights, dScores;

  /** Floats of all of it for T rows; `base` is where it begins. */
  int64_t place(int64_t T, int64_t E, float* base) {
    Matrices own = {base};
    keysAcross = own.next(E, T);
    valuesAcross = own.next(E, T);
    keys = own.next(T, E);
    dKeys = own.next(T, E);
    dValues = own.next(T, E);
    weights = own.next(QUERY_ROWS, KEY_ROWS);
    dScores = own.next(QUERY_ROWS, KEY_ROWS);
    return own.used;
  }
};

/** What a query's row of scores needs for its gradient. */
struct ScoreRow {
  Scores scores;
  /** Logarithm of the softmax's sum, and the mean of the gradient of its weights. */
  float lse, mean;

  /** Puts weights in place of products, and the gradients of the products in place of those of weights, for
   * whole registers from `begin` to `end`. With `terms`, puts there what a pair adds to the gain's. */
  SIMD_METHOD void gradients(float* p, float* d, int64_t begin, int64_t end, float* terms) const {
    const ScoreRow row = *this;
    eachSixteen(begin, end, [=](int64_t c, auto registers) INLINE_BODY {
      constexpr int N = registers.COUNT;
      simd::Vec s[N], slope[N], e[N];
      for (int j = 0; j < N; j++) s[j] = simd::load(p + c + j * simd::LANES);
      row.scores.of(s, slope);
      for (int j = 0; j < N; j++) e[j] = simd::sub(simd::broadcast(row.lse), s[j]);
      for (int j = 0; j < N; j++) s[j] = simd::sub(simd::broadcast(-88.7f), e[j]);
      simd::expMinus(e);
      for (int j = 0; j < N; j++) {
        const int64_t at = c + j * simd::LANES;
        // A score far above its softmax's sum is none, but must not look like a number, nor like NaN.
        e[j] = simd::select(simd::greater(s[j], simd::zero()), simd::broadcast(INFINITY), e[j]);
        simd::Vec ds = simd::mul(e[j], simd::sub(simd::load(d + at), simd::broadcast(row.mean)));
        if (row.scores.cap > 0) ds = simd::mul(ds, slope[j]);
        if (terms) simd::store(terms + at, simd::mul(ds, simd::load(p + at)));
        simd::store(p + at, e[j]);
        simd::store(d + at, simd::mul(simd::broadcast(row.scores.factor), ds));
      }
    });
  }
};

/** One query head of one key head for a block of queries. */
inline void attendBack(const AttentionCall& call, const AttentionGradients& of, const GradientRoom& room,
                       const QueryBlock& block, int64_t s, int64_t head) {
  const int64_t E = call.E, H = call.heads(), first = s * call.T + block.first;
  const Rows<const float> q = call.queries(first, head), dy = of.dy.from(first, head * E);
  const Rows<float> dq = of.dqk.from(first, head * E);
  ScoreRow rows[QUERY_ROWS];
  double ofGain[QUERY_ROWS] = {};
  for (int64_t i = 0; i < block.rows; i++) {
    const float *dyRow = dy.from(i, 0).data, *y = of.y.from(first + i, head * E).data;
    const double mean = sumVectors(E, [=](simd::Vec sum, int64_t e, auto part) {
      return simd::fma(take(dyRow + e, part), take(y + e, part), sum);
    });
    rows[i] = {{call.factor(head), call.cap}, of.lse[(first + i) * H + head], static_cast<float>(mean)};
    memset(dq.from(i, 0).data, 0, static_cast<size_t>(E) * sizeof(float));
  }
  for (int64_t key = block.lowest(0); key < block.end(); key += KEY_ROWS) {
    const int64_t keys = block.end() - key < KEY_ROWS ? block.end() - key : KEY_ROWS, row = key - block.base;
    const Band seen = block.seen(key), seeing = seen.transposed();
    const Strided dScores = {room.dScores.data, room.dScores.stride, 1};
    formProduct<Onto::replace>(
        {room.weights, block.rows, keys, {q.data, q.stride, 1}, room.keysAcross.from(0, row), E, seen});
    formProduct<Onto::replace>(
        {room.dScores, block.rows, keys, {dy.data, dy.stride, 1}, room.valuesAcross.from(0, row), E, seen});
    for (int64_t i = 0; i < block.rows; i++) {
      const int64_t begin = seen.begin(i), end = seen.end(i, keys);
      if (begin >= end) continue;
      float *p = room.weights.from(i, 0).data, *d = room.dScores.from(i, 0).data;
      float terms[KEY_ROWS];
      if (call.rate > 0) call.drop(d + begin, s, block.first + i, head, row + begin, end - begin);
      rows[i].gradients(p, d, begin / 16 * 16, (end + 15) / 16 * 16, of.dgain ? terms : nullptr);
      if (of.dgain)
        ofGain[i] += sumVectors(end - begin, [&](simd::Vec sum, int64_t c, auto part) {
          return simd::add(sum, take(terms + begin + c, part));
        });
      if (call.rate > 0) call.drop(p + begin, s, block.first + i, head, row + begin, end - begin);
    }
    formProduct<Onto::add>({dq, block.rows, E, dScores, room.keys.from(row, 0), keys, seen});
    formProduct<Onto::add>({room.dKeys.from(row, 0),
                            keys,
                            E,
                            {room.dScores.data, 1, room.dScores.stride},
                            q,
                            block.rows,
                            seeing});
    formProduct<Onto::add>({room.dValues.from(row, 0),
                            keys,
                            E,
                            {room.weights.data, 1, room.weights.stride},
                            dy,
                            block.rows,
                            seeing});
  }
  const float root = sqrtf(static_cast<float>(E));
  for (int64_t i = 0; of.dgain && i < block.rows; i++)
    of.dgain[(first + i) * H + head] = static_cast<float>(ofGain[i] / root);
}

void attentionGrad(Context& ctx, const AttentionGradArgs& args) noexcept {
  const AttentionCall call = attentionCall(args, args.y.cols);
  const int64_t T = call.T, G = call.G, E = call.E, H = call.heads();
  GradientRoom measure;
  const int64_t roomSize = measure.place(T, E, nullptr);
  float* rooms = ctx.scratch.get<float>(static_cast<size_t>(ctx.threads) * roomSize);
  if (!rooms) return;
  const AttentionGradients of = {
      {args.dy.data, args.dy.cols},         {args.y.data, args.y.cols},         args.lse.data,
      {args.outDqk.data, args.outDqk.cols}, {args.outDx.data, args.outDx.cols}, args.outDgain.data};
  const int64_t grain = tasksAThread(T * (T / 2 + 1) * call.R * E);
  parallelRows(ctx.threads, args.y.rows / T * G, grain, [&](int64_t begin, int64_t end, int thread) {
    GradientRoom room;
    room.place(T, E, rooms + thread * roomSize);
    // Gradients are computed of whole registers, so of what lies beside pairs of a query and a key too.
    memset(room.weights.data, 0, static_cast<size_t>(QUERY_ROWS * room.weights.stride) * sizeof(float));
    memset(room.dScores.data, 0, static_cast<size_t>(QUERY_ROWS * room.dScores.stride) * sizeof(float));
    for (int64_t i = begin; i < end; i++) {
      const int64_t s = i / G, g = i % G, row = s * T;
      transposeRows(room.keysAcross.data, room.keysAcross.stride, call.keys(row, g), T, E);
      transposeRows(room.valuesAcross.data, room.valuesAcross.stride, call.values(row, g), T, E);
      copyRows(room.keys, call.keys(row, g), T, E);
      memset(room.dKeys.data, 0, static_cast<size_t>(T * room.dKeys.stride) * sizeof(float));
      memset(room.dValues.data, 0, static_cast<size_t>(T * room.dValues.stride) * sizeof(float));
      for (int64_t r = 0; r < call.R; r++) {
        for (int64_t t = 0; t < T;) {
          const QueryBlock block = queryBlock(call, row, t, 0, 0);
          attendBack(call, of, room, block, s, g * call.R + r);
          t += block.rows;
        }
      }
      copyRows(of.dqk.from(row, (H + g) * E), room.dKeys, T, E);
      copyRows(of.dx.from(row, (H + G + g) * E), room.dValues, T, E);
    }
  });
}

}  // namespace
}  // namespace flashlm
