#pragma once

#include "linear_attention_heads.inl"

// The numbers of a head's rows, from x.
namespace flashlm {
namespace {

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

/** A head's numbers of one row: q, k and decay [K], v [V]. */
struct HeadRow {
  const float *q, *k, *v, *decay;
  float gate;
};

/** The numbers of a head in up to ROWS_AHEAD rows of x, with memory for those that x does not have. */
template <bool DELTA>
class HeadRows {
 public:
  HeadRows(Parts& parts, const Heads& heads)
      : heads(heads),
        cols(heads.cols()),
        decays(parts.next(ROWS_AHEAD * heads.keys)),
        factors(parts.next(ROWS_AHEAD * heads.decays)),
        queries(DELTA ? parts.next(ROWS_AHEAD * heads.keys) : nullptr),
        keys(DELTA ? parts.next(ROWS_AHEAD * heads.keys) : nullptr),
        faded(DELTA ? parts.next(ROWS_AHEAD * heads.keys) : nullptr) {}

  /** Takes `rows` rows from x on. */
  void read(const float* x, int64_t rows, int64_t head) {
    xs = x;
    h = head;
    if (DELTA) readKeys(rows);
    readDecays(rows);
    if (DELTA) multiplied(faded, keys, decays, rows * heads.keys);
  }

  HeadRow at(int64_t t) const {
    const float* x = row(t);
    const float* q = DELTA ? queries + t * heads.keys : x + heads.q(keyHead());
    const float* k = DELTA ? keys + t * heads.keys : x + heads.k(keyHead());
    return {q, k, x + heads.v(h), decays + t * heads.keys, heads.gates ? x[heads.gate(h)] : 1.0f};
  }
  const float* row(int64_t t) const { return xs + t * cols; }
  int64_t keyHead() const { return h / heads.group; }
  /** k times the decay: what the state before a row has of its key. */
  const float* fadedKey(int64_t t) const { return faded + t * heads.keys; }
  /** 1 / norm of a query and of a key that were divided by them. */
  double perQ(int64_t t) const { return DELTA ? pers[t][0] : 1; }
  double perK(int64_t t) const { return DELTA ? pers[t][1] : 1; }

 private:
  void readKeys(int64_t rows) {
    const int64_t K = heads.keys;
    for (int64_t t = 0; t < rows; t++) {
      pers[t][0] = normalise(queries + t * K, row(t) + heads.q(keyHead()), K, heads.eps);
      pers[t][1] = normalise(keys + t * K, row(t) + heads.k(keyHead()), K, heads.eps);
    }
  }
  void readDecays(int64_t rows) {
    const int64_t K = heads.keys, E = heads.decays;
    float* const of = E == K ? decays : factors;
    for (int64_t t = 0; t < rows; t++) {
      const float* logs = row(t) + heads.decay(h);
      float* to = of + t * E;
      eachVector(0, E, [=](int64_t e, auto part) { put(to + e, take(logs + e, part), part); });
    }
    eachFour(0, rows * E, [=](int64_t i, auto part, auto registers) INLINE_BODY {
      simd::Vec fade[registers.COUNT];
      for (int j = 0; j < registers.COUNT; j++)
        fade[j] = simd::max(simd::zero(), simd::neg(take(of + i + j * simd::LANES, part)));
      simd::expMinus(fade);
      for (int j = 0; j < registers.COUNT; j++) put(of + i + j * simd::LANES, fade[j], part);
    });
    if (E == K) return;
    float lost = heads.fade;
    for (int64_t before = 0; before < h && lost > 0; before++) lost /= 2;
    for (int64_t t = 0; t < rows; t++) {
      float* to = decays + t * K;
      if (E > 1) {
        for (int64_t c = 0; c < K; c++) to[c] = of[t * E + heads.column(c)];
        continue;
      }
      const simd::Vec same = simd::broadcast(E ? of[t] : 1 - lost);
      eachVector(0, K, [=](int64_t c, auto part) { put(to + c, same, part); });
    }
  }

  Heads heads;
  int64_t cols, h = 0;
  const float* xs = nullptr;
  /** [rows x K], and factors [rows x E], where a column of decays serves several channels. */
  float *decays, *factors, *queries, *keys, *faded;
  double pers[ROWS_AHEAD][2];
};

/** The sum of q u k: how much of what a row writes it reads itself, before it is written. */
inline float bonusOf(const HeadRow& row, const float* bonus, int64_t K) {
  return static_cast<float>(sumVectors(K, [=](simd::Vec sum, int64_t i, auto part) {
    return simd::fma(simd::mul(take(row.q + i, part), take(bonus + i, part)), take(row.k + i, part), sum);
  }));
}

/** When a row reads its state: after it has written, or before, or never. */
enum class Reads { after, before, never };

}  // namespace
}  // namespace flashlm
