#pragma once

#include <math.h>
#include <string.h>

#include "vectors.inl"

namespace flashlm {
namespace {

/** The targets of one row: `count` (id, weight) entries; ids may repeat. */
struct RowTargets {
  const int32_t* ids;
  const float* weights;
  int64_t count;
};

template <class Args>
inline RowTargets targetsOf(const Args& args, int64_t row) {
  const int32_t begin = args.targets_offsets.data[row];
  return {args.targets_ids.data + begin, args.targets_weights.data + begin,
          args.targets_offsets.data[row + 1] - begin};
}

inline float rowMax(const float* z, int64_t count) {
  simd::Vec maxima[4];
  for (simd::Vec& m : maxima) m = simd::broadcast(-INFINITY);
  int64_t i = 0;
  for (; i + 4 * simd::LANES <= count; i += 4 * simd::LANES) {
    for (int j = 0; j < 4; j++) maxima[j] = simd::max(maxima[j], simd::load(z + i + j * simd::LANES));
  }
  float max = simd::reduceMax(simd::max(simd::max(maxima[0], maxima[1]), simd::max(maxima[2], maxima[3])));
  for (; i < count; i++) max = z[i] > max ? z[i] : max;
  return max;
}

/**
 * e[i] = exp(z[i] - max) and their sum, in float64 because the loss of a confident row is log(sum) with a sum
 * just above 1. `e` may be z, or null.
 */
inline double expRow(float* e, const float* z, int64_t count, float max) {
  constexpr int64_t FOUR = 4 * simd::LANES;
  simd::Sum16 sum;
  const simd::Vec shift = simd::broadcast(max);
  int64_t i = 0;
  for (; i + FOUR <= count; i += FOUR) {
    simd::Vec v[4];
    for (int j = 0; j < 4; j++) v[j] = simd::sub(shift, simd::load(z + i + j * simd::LANES));
    simd::expMinus(v);
    sum.add(i, v);
    if (!e) continue;
    for (int j = 0; j < 4; j++) simd::store(e + i + j * simd::LANES, v[j]);
  }
  float rest[FOUR < 16 ? 16 : FOUR];
  const int64_t left = count - i;
  eachVector(0, left, [&](int64_t k, auto part) {
    simd::Vec v[1] = {simd::sub(shift, take(z + i + k, part))};
    simd::expMinus(v);
    put(rest + k, v[0], part);
  });
  if (e) memcpy(e + i, rest, left * sizeof(float));
  int64_t k = 0;
  for (; k + 16 <= left; k += 16) sum.add(rest + k);
  sum.addPartial(rest + k, static_cast<int>(left - k));
  return sum.fold();
}

/** dz *= factor. */
inline void scaleRow(float* dz, int64_t count, float factor) {
  const simd::Vec f = simd::broadcast(factor);
  eachVector(0, count, [&](int64_t i, auto part) { put(dz + i, simd::mul(take(dz + i, part), f), part); });
}

/**
 * One row: returns n * logsumexp(z) - sum c_j z_j, and leaves scale * (n * softmax(z) - c) in dz unless it is
 * null. dz may be z.
 */
inline float softmaxRow(float* dz, const float* z, int64_t count, const RowTargets& targets, double scale) {
  const float max = rowMax(z, count);
  double n = 0, below = 0;  // below: weighted sum of max - z over the targets
  for (int64_t t = 0; t < targets.count; t++) {
    const double weight = targets.weights[t];
    n += weight;
    below += weight * (static_cast<double>(max) - z[targets.ids[t]]);
  }
  const double sum = expRow(dz, z, count, max);
  if (dz) {
    // Targets are subtracted before the common factor: if one has nearly all of the row's probability, its e
    // is exactly 1, and the small difference keeps its digits.
    const double unit = n != 0 ? sum / n : 0;
    for (int64_t t = 0; t < targets.count; t++) {
      float& e = dz[targets.ids[t]];
      e = static_cast<float>(e - unit * targets.weights[t]);
    }
    scaleRow(dz, count, static_cast<float>(scale * n / sum));
  }
  return static_cast<float>(n * log(sum) + below);
}

inline void softmaxCrossEntropy(Context& ctx, const SoftmaxCrossEntropyArgs& args) noexcept {
  const int64_t count = args.z.cols;
  eachRow(ctx, args.z.rows, count, [=](int64_t row) {
    float* dz = args.outDz.data ? args.outDz.data + row * count : nullptr;
    args.outNats.data[row] =
        softmaxRow(dz, args.z.data + row * count, count, targetsOf(args, row), args.scale);
  });
}

}  // namespace
}  // namespace flashlm
