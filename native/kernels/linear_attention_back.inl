#pragma once

#include "linear_attention_rows.inl"

// What backward does with the state of a head, or with the gradient of its state, in one row.
namespace flashlm {
namespace {

/** The terms of a sum over columns that those before the i-th have given. */
SIMD_INLINE simd::Vec termsBefore(int64_t i, const float* terms) {
  return i > 0 ? simd::load(terms) : simd::zero();
}

/**
 * Takes the gradient of a gla head's state back over one row. `dWritten` [V] gets the gradient of what the
 * row writes, `terms` [K registers] the terms of the gradients of its key.
 */
template <Reads READS>
inline void addRowBack(const Heads& heads, const HeadRow& row, float share, const float* written,
                       const float* dy, float* dState, float* dWritten, float* terms) {
  const int64_t K = heads.keys, V = heads.values;
  const float scale = heads.scale;
  eachHalving<4>(0, V, [=](int64_t i, auto part, auto registers) INLINE_BODY {
    constexpr int N = registers.COUNT;
    simd::Vec dOut[N], wrote[N], sum[N];
    for (int j = 0; j < N; j++) {
      const int64_t at = i + j * simd::LANES;
      dOut[j] = simd::mul(simd::broadcast(scale), take(dy + at, part));
      wrote[j] = take(written + at, part);
      sum[j] = simd::mul(simd::broadcast(share), dOut[j]);
    }
    float *at = dState + i, *term = terms;
    for (int64_t c = 0; c < K; c++, at += V, term += simd::LANES) {
      const simd::Vec decay = simd::broadcast(row.decay[c]), key = simd::broadcast(row.k[c]);
      const simd::Vec query = simd::broadcast(row.q[c]);
      simd::Vec ofKey = termsBefore(i, term);
      for (int j = 0; j < N; j++) {
        float* const place = at + j * simd::LANES;
        simd::Vec d = take(place, part);
        ofKey = simd::fma(d, wrote[j], ofKey);
        if (READS == Reads::after) d = simd::fma(query, dOut[j], d);
        sum[j] = simd::fma(key, d, sum[j]);
        d = simd::mul(decay, d);
        if (READS == Reads::before) d = simd::fma(query, dOut[j], d);
        put(place, d, part);
      }
      simd::store(term, ofKey);
    }
    for (int j = 0; j < N; j++) put(dWritten + i + j * simd::LANES, sum[j], part);
  });
}

/**
 * The same for one row of a delta head. Where there is a row `after` it in its document, `dState` is still
 * the gradient of that row's state, and `dResidual` the one of what that row's gate let in.
 */
template <bool AFTER>
inline void replaceRowBack(const Heads& heads, const HeadRow& row, const HeadRow& after,
                           const float* dResidual, const float* written, const float* dy, float* dState,
                           float* dWritten, float* terms) {
  const int64_t K = heads.keys, V = heads.values;
  const float scale = heads.scale;
  eachHalving<4>(0, V, [=](int64_t i, auto part, auto registers) INLINE_BODY {
    constexpr int N = registers.COUNT;
    simd::Vec dOut[N], wrote[N], sum[N], dAfter[N];
    for (int j = 0; j < N; j++) {
      const int64_t at = i + j * simd::LANES;
      dOut[j] = simd::mul(simd::broadcast(scale), take(dy + at, part));
      wrote[j] = take(written + at, part);
      if (AFTER) dAfter[j] = take(dResidual + at, part);
      sum[j] = simd::zero();
    }
    float *at = dState + i, *term = terms;
    for (int64_t c = 0; c < K; c++, at += V, term += simd::LANES) {
      const simd::Vec key = simd::broadcast(row.k[c]), query = simd::broadcast(row.q[c]);
      const simd::Vec keyAfter = AFTER ? simd::broadcast(after.k[c]) : key;
      const simd::Vec decayAfter = AFTER ? simd::broadcast(after.decay[c]) : key;
      simd::Vec ofKey = termsBefore(i, term);
      for (int j = 0; j < N; j++) {
        simd::Vec d = take(at + j * simd::LANES, part);
        if (AFTER) {
          d = simd::fnma(keyAfter, dAfter[j], d);
          d = simd::mul(decayAfter, d);
        }
        ofKey = simd::fma(d, wrote[j], ofKey);
        d = simd::fma(query, dOut[j], d);
        sum[j] = simd::fma(key, d, sum[j]);
        put(at + j * simd::LANES, d, part);
      }
      simd::store(term, ofKey);
    }
    for (int j = 0; j < N; j++) put(dWritten + i + j * simd::LANES, sum[j], part);
  });
}

/** Makes `dState`, the gradient of the state that row `after` leaves, the one of the state that it finds. */
inline void leaveRow(const Heads& heads, const HeadRow& after, const float* dResidual, float* dState) {
  const int64_t K = heads.keys, V = heads.values;
  for (int64_t c = 0; c < K; c++) {
    const simd::Vec key = simd::broadcast(after.k[c]), decay = simd::broadcast(after.decay[c]);
    float* const d = dState + c * V;
    eachVector(0, V, [=](int64_t i, auto part) {
      put(d + i, simd::mul(decay, simd::fnma(key, take(dResidual + i, part), take(d + i, part))), part);
    });
  }
}

/**
 * Moves a state [V x K] over one row and sums it over v, times dy into `read` [K] and, in a delta head, times
 * dResidual into `known` [K]: the state that the row reads, without what it has written itself.
 */
template <bool DELTA, Reads READS>
inline void readRow(const Heads& heads, const HeadRow& row, const float* written, const float* dy,
                    const float* dResidual, float* state, float* read, float* known) {
  const int64_t K = heads.keys, V = heads.values;
  eachHalving<2>(0, K, [=](int64_t i, auto part, auto registers) INLINE_BODY {
    constexpr int N = registers.COUNT;
    simd::Vec decay[N], key[N];
    // Two sums of each: half as long, they are more exact, and don't wait for each other.
    simd::Vec ofQuery[2][N], ofKey[2][N];
    for (int j = 0; j < N; j++) {
      decay[j] = take(row.decay + i + j * simd::LANES, part);
      key[j] = take(row.k + i + j * simd::LANES, part);
      ofQuery[0][j] = ofQuery[1][j] = ofKey[0][j] = ofKey[1][j] = simd::zero();
    }
    float* const at = state + i;
    const auto add = [&](int64_t v, simd::Vec(&query)[N], simd::Vec(&of)[N]) INLINE_BODY {
      const simd::Vec wrote = simd::broadcast(written[v]), dOut = simd::broadcast(dy[v]);
      const simd::Vec dRes = DELTA ? simd::broadcast(dResidual[v]) : dOut;
      for (int j = 0; j < N; j++) {
        float* const place = at + v * K + j * simd::LANES;
        simd::Vec s = take(place, part);
        if (READS == Reads::before) query[j] = simd::fma(dOut, s, query[j]);
        s = simd::mul(decay[j], s);
        if (READS == Reads::after) query[j] = simd::fma(dOut, s, query[j]);
        if (DELTA) of[j] = simd::fma(dRes, s, of[j]);
        put(place, simd::fma(key[j], wrote, s), part);
      }
    };
    int64_t v = 0;
    for (; v + 2 <= V; v += 2) {
      add(v, ofQuery[0], ofKey[0]);
      add(v + 1, ofQuery[1], ofKey[1]);
    }
    if (v < V) add(v, ofQuery[0], ofKey[0]);
    for (int j = 0; j < N; j++) {
      const int64_t to = i + j * simd::LANES;
      put(read + to, simd::add(ofQuery[0][j], ofQuery[1][j]), part);
      if (DELTA) put(known + to, simd::add(ofKey[0][j], ofKey[1][j]), part);
    }
  });
}

/** `product` [K] = the sum over v of a times b, [V x K] both. */
inline void sumOfProducts(const float* a, const float* b, int64_t V, int64_t K, float* product) {
  eachHalving<4>(0, K, [=](int64_t i, auto part, auto registers) INLINE_BODY {
    simd::Vec sum[registers.COUNT];
    for (simd::Vec& s : sum) s = simd::zero();
    for (int64_t v = 0; v < V; v++) {
      for (int j = 0; j < registers.COUNT; j++) {
        const int64_t at = v * K + i + j * simd::LANES;
        sum[j] = simd::fma(take(a + at, part), take(b + at, part), sum[j]);
      }
    }
    for (int j = 0; j < registers.COUNT; j++) put(product + i + j * simd::LANES, sum[j], part);
  });
}

inline float dotOf(const float* a, const float* b, int64_t count) {
  return static_cast<float>(sumVectors(count, [=](simd::Vec sum, int64_t i, auto part) {
    return simd::fma(take(a + i, part), take(b + i, part), sum);
  }));
}

/**
 * The gradient `d` of a query or key; of one that was divided by its norm, from the numbers `x` that it was.
 * Their part along x is taken off in float64: what is left of it may be small. Added where a head before has
 * written.
 */
template <bool NORMALISED>
inline void putGradient(float* to, const float* d, const float* x, double per, int64_t count, bool isAdded) {
  double along = 0;
  if (NORMALISED) {
    double sums[8] = {};
    int64_t c = 0;
    for (; c + 8 <= count; c += 8)
      for (int64_t j = 0; j < 8; j++) sums[j] += static_cast<double>(x[c + j]) * d[c + j];
    for (; c < count; c++) sums[0] += static_cast<double>(x[c]) * d[c];
    for (const double sum : sums) along += sum;
    along *= per * per;
  }
  for (int64_t c = 0; c < count; c++) {
    const float v = NORMALISED ? static_cast<float>(per * (d[c] - x[c] * along)) : d[c];
    to[c] = isAdded ? to[c] + v : v;
  }
}

/** The gradients of a head's log decays from those of all channels; none where a log decay was above 0. */
inline void putDecays(const Heads& heads, const float* logs, const float* dDecay, float* dLogs) {
  const int64_t K = heads.keys, E = heads.decays;
  if (E == K) {
    eachVector(0, K, [=](int64_t c, auto part) {
      const simd::Mask isAbove = simd::greater(take(logs + c, part), simd::zero());
      put(dLogs + c, simd::select(isAbove, simd::zero(), take(dDecay + c, part)), part);
    });
    return;
  }
  if (E == 1) {
    simd::Sum16 sum;
    int64_t c = 0;
    for (; c + 16 <= K; c += 16) sum.add(dDecay + c);
    if (c < K) sum.addPartial(dDecay + c, static_cast<int>(K - c));
    *dLogs = *logs > 0 ? 0 : static_cast<float>(sum.fold());
    return;
  }
  for (int64_t e = 0, c = 0; e < E; e++) {
    double sum = 0;
    for (; c < K && heads.column(c) == e; c++) sum += dDecay[c];
    dLogs[e] = logs[e] > 0 ? 0 : static_cast<float>(sum);
  }
}

}  // namespace
}  // namespace flashlm
