#pragma once

#include <math.h>
#include <string.h>

#include "curves.inl"
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

/** dz *= factor, in float64 where float32 would keep few digits of the factor. */
inline void scaleRow(float* dz, int64_t count, double factor) {
  if (factor != 0 && fabs(factor) < 0x1p-126) {
    for (int64_t i = 0; i < count; i++) dz[i] = static_cast<float>(dz[i] * factor);
    return;
  }
  const simd::Vec f = simd::broadcast(static_cast<float>(factor));
  eachVector(0, count, [&](int64_t i, auto part) { put(dz + i, simd::mul(take(dz + i, part), f), part); });
}

/** `z = cap * tanh(z / cap)`, and the derivative to `slopes` unless it is null. `out` may be z. */
inline void capRow(float* out, float* slopes, const float* z, int64_t count, float cap) {
  const simd::Vec height = simd::broadcast(cap), inverse = simd::broadcast(1.0f / cap);
  eachFour(0, count, [=](int64_t i, auto part, auto registers) INLINE_BODY {
    constexpr int N = registers.COUNT;
    simd::Vec x[N], y[N], slope[N];
    for (int j = 0; j < N; j++) x[j] = simd::mul(take(z + i + j * simd::LANES, part), inverse);
    TanhCurve::at(x, y, slope);
    for (int j = 0; j < N; j++) {
      put(out + i + j * simd::LANES, simd::mul(y[j], height), part);
      if (slopes) put(slopes + i + j * simd::LANES, slope[j], part);
    }
  });
}

/** What is done to the logits of a loss; 0: nothing. */
struct LossOptions {
  double scale;
  float cap;
  double zLoss;
};

template <class Args>
inline LossOptions lossOptions(const Args& args) {
  return {args.scale, static_cast<float>(args.cap), args.zLoss};
}

/**
 * One row: returns n * logsumexp(z) - sum c_j z_j, with the z-loss where there is one, and leaves the
 * gradient, scale * (n * softmax(z) - c) without one, in dz unless it is null. dz may be z. `slopes` multiply
 * the gradient unless they are null.
 */
inline float softmaxRow(float* dz, const float* z, int64_t count, const RowTargets& targets,
                        const LossOptions& options, const float* slopes) {
  const float max = rowMax(z, count);
  double n = 0, below = 0;  // below: weighted sum of max - z over the targets
  for (int64_t t = 0; t < targets.count; t++) {
    const double weight = targets.weights[t];
    n += weight;
    below += weight * (static_cast<double>(max) - z[targets.ids[t]]);
  }
  const double sum = expRow(dz, z, count, max);
  const double lse = options.zLoss > 0 ? max + log(sum) : 0;
  if (dz) {
    if (options.zLoss > 0) scaleRow(dz, count, 1 + 2 * options.zLoss * lse);
    // Targets are subtracted before the common factor: if one has nearly all of the row's probability, its e
    // is exactly 1, and the small difference keeps its digits.
    const double unit = n != 0 ? sum / n : 0;
    for (int64_t t = 0; t < targets.count; t++) {
      float& e = dz[targets.ids[t]];
      e = static_cast<float>(e - unit * targets.weights[t]);
    }
    if (slopes) multiplied(dz, dz, slopes, count);
    scaleRow(dz, count, options.scale * n / sum);
  }
  const double nats = n * log(sum) + below;
  return static_cast<float>(options.zLoss > 0 ? nats + options.zLoss * n * lse * lse : nats);
}

/**
 * `softmaxRow` of logits that may be capped. Then `capped` [count] holds them (it may be z, or dz), and with
 * dz `slopes` [count] the cap's derivatives.
 */
inline float lossRow(float* dz, const float* z, int64_t count, const RowTargets& targets,
                     const LossOptions& options, float* capped, float* slopes) {
  if (!(options.cap > 0)) return softmaxRow(dz, z, count, targets, options, nullptr);
  capRow(capped, dz ? slopes : nullptr, z, count, options.cap);
  return softmaxRow(dz, capped, count, targets, options, slopes);
}

inline void softmaxCrossEntropy(Context& ctx, const SoftmaxCrossEntropyArgs& args) noexcept {
  const int64_t count = args.z.cols;
  const LossOptions options = lossOptions(args);
  // Of each thread: capped logits, and slopes.
  float* rooms =
      options.cap > 0 ? ctx.scratch.get<float>(static_cast<size_t>(2 * ctx.threads * count)) : nullptr;
  if (ctx.scratch.failed()) return;
  const int64_t grain = count < THREAD_ELEMENTS ? THREAD_ELEMENTS / count : 1;
  parallelRows(ctx.threads, args.z.rows, grain, [&](int64_t begin, int64_t end, int thread) {
    float* capped = rooms ? rooms + 2 * thread * count : nullptr;
    for (int64_t row = begin; row < end; row++) {
      float* dz = args.outDz.data ? args.outDz.data + row * count : nullptr;
      args.outNats.data[row] = lossRow(dz, args.z.data + row * count, count, targetsOf(args, row), options,
                                       capped, capped ? capped + count : nullptr);
    }
  });
}

inline void softCap(Context& ctx, const SoftCapArgs& args) noexcept {
  const int64_t V = args.z.cols;
  float* zs = args.z.data;
  const float cap = static_cast<float>(args.cap);
  eachRow(ctx, args.z.rows, V, [=](int64_t row) { capRow(zs + row * V, nullptr, zs + row * V, V, cap); });
}

}  // namespace
}  // namespace flashlm
