#pragma once

#include <string.h>

#include "linear_attention_rows.inl"

// The delta rule: rows replace what a state has under their keys. Forward and backward move states with it.
namespace flashlm {
namespace {

/**
 * Moves the state of a delta head over one row. `known` [V] is what the state has under the row's key; where
 * `next` is given, the row's after it, it becomes what the new state has under that key. `residual` [V],
 * where it is not null, gets what the row's gate lets in, and `out` [V] what the row reads.
 */
template <Reads READS, bool NEXT>
inline void replaceRow(const Heads& heads, const HeadRow& row, const float* next, float* state, float* known,
                       float* residual, float* out) {
  const int64_t K = heads.keys, V = heads.values;
  const float scale = heads.scale;
  eachHalving<4>(0, V, [=](int64_t i, auto part, auto registers) INLINE_BODY {
    constexpr int N = registers.COUNT;
    simd::Vec written[N], read[N], following[N];
    for (int j = 0; j < N; j++) {
      const int64_t at = i + j * simd::LANES;
      written[j] = simd::sub(take(row.v + at, part), take(known + at, part));
      if (residual) put(residual + at, written[j], part);
      written[j] = simd::mul(simd::broadcast(row.gate), written[j]);
      read[j] = following[j] = simd::zero();
    }
    float* at = state + i;
    for (int64_t c = 0; c < K; c++, at += V) {
      const simd::Vec decay = simd::broadcast(row.decay[c]), key = simd::broadcast(row.k[c]);
      const simd::Vec query = READS == Reads::after ? simd::broadcast(row.q[c]) : key;
      const simd::Vec nextKey = NEXT ? simd::broadcast(next[c]) : key;
      for (int j = 0; j < N; j++) {
        float* const place = at + j * simd::LANES;
        const simd::Vec s = simd::fma(key, written[j], simd::mul(decay, take(place, part)));
        if (READS == Reads::after) read[j] = simd::fma(query, s, read[j]);
        if (NEXT) following[j] = simd::fma(nextKey, s, following[j]);
        put(place, s, part);
      }
    }
    for (int j = 0; j < N; j++) {
      const int64_t to = i + j * simd::LANES;
      if (NEXT) put(known + to, following[j], part);
      if (READS == Reads::after) put(out + to, simd::mul(simd::broadcast(scale), read[j]), part);
    }
  });
}

/** What a state has under a key that has faded. */
inline void knownUnder(const float* key, const float* state, int64_t K, int64_t V, float* known) {
  eachHalving<4>(0, V, [=](int64_t i, auto part, auto registers) INLINE_BODY {
    simd::Vec sum[registers.COUNT];
    for (simd::Vec& s : sum) s = simd::zero();
    for (int64_t c = 0; c < K; c++) {
      for (int j = 0; j < registers.COUNT; j++)
        sum[j] = simd::fma(simd::broadcast(key[c]), take(state + c * V + i + j * simd::LANES, part), sum[j]);
    }
    for (int j = 0; j < registers.COUNT; j++) put(known + i + j * simd::LANES, sum[j], part);
  });
}

/**
 * Moves the state of a delta head over `rows` rows: `begins(t)` says which of them find a state of zero,
 * `residuals` [rows x V] and `outs`, `stride` apart, are as in `replaceRow`. `known` [V] is memory.
 */
template <Reads READS, class Begins>
inline void replaceRows(const Heads& heads, const HeadRows<true>& head, int64_t rows, const Begins& begins,
                        float* state, float* known, float* residuals, float* outs, int64_t stride) {
  const int64_t V = heads.values;
  bool isKnown = false;
  for (int64_t t = 0; t < rows; t++) {
    if (begins(t)) memset(state, 0, heads.state() * sizeof(float));
    if (!isKnown) knownUnder(head.fadedKey(t), state, heads.keys, V, known);
    isKnown = t + 1 < rows && !begins(t + 1);
    float* residual = residuals ? residuals + t * V : nullptr;
    float* out = outs ? outs + t * stride : nullptr;
    if (isKnown)
      replaceRow<READS, true>(heads, head.at(t), head.fadedKey(t + 1), state, known, residual, out);
    else replaceRow<READS, false>(heads, head.at(t), nullptr, state, known, residual, out);
  }
}

}  // namespace
}  // namespace flashlm
