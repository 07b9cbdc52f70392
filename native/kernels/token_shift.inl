#include <string.h>

#include "row_chunks.inl"
#include "sigmoid.inl"

namespace flashlm {
namespace {

/** sigmoid(mix) [1 x D], made once per call; null when memory is short. */
inline float* keepOf(Context& ctx, const float* mix, int64_t D) {
  float* keep = ctx.scratch.get<float>(D);
  if (keep) eachVector(0, D, [=](int64_t i, auto part) { put(keep + i, sigmoid(take(mix + i, part)), part); });
  return keep;
}

void tokenShift(Context& ctx, const TokenShiftArgs& args) noexcept {
  const int64_t D = args.x.cols, seqLen = args.seqLen;
  float* outs = args.out.data;
  float* carry = args.carry.data;
  const float* xs = args.x.data;
  const float* keep = keepOf(ctx, args.mix.data, D);
  if (!keep) return;
  const simd::Vec one = simd::broadcast(1.0f);

  eachRow(ctx, args.x.rows, D, [=](int64_t row) {
    float* out = outs + row * D;
    const float* x = xs + row * D;
    const float* previous = row % seqLen ? x - D : carry + row / seqLen * D;
    eachVector(0, D, [=](int64_t i, auto part) {
      const simd::Vec s = take(keep + i, part);
      const simd::Vec kept = simd::mul(s, take(x + i, part));
      put(out + i, simd::fma(simd::sub(one, s), take(previous + i, part), kept), part);
    });
  });
  // Only now: the rows above read it.
  eachRow(ctx, args.carry.rows, D, [=](int64_t sequence) {
    memcpy(carry + sequence * D, xs + ((sequence + 1) * seqLen - 1) * D, D * sizeof(float));
  });
}

void tokenShiftGrad(Context& ctx, const TokenShiftGradArgs& args) noexcept {
  const int64_t rows = args.x.rows, D = args.x.cols, seqLen = args.seqLen;
  float* dxs = args.outDx.data;
  const float* dys = args.dy.data;
  const float* xs = args.x.data;
  const float* mix = args.mix.data;
  const float* keep = keepOf(ctx, mix, D);
  float* zeros = ctx.scratch.get<float>(D);
  float* partials = ctx.scratch.get<float>(partialSums(rows, D));
  if (!keep || !zeros || !partials) return;
  memset(zeros, 0, D * sizeof(float));
  const simd::Vec one = simd::broadcast(1.0f);

  eachRowInParts(ctx, rows, D, partials, [=](int64_t row, float* mixSums) {
    float* dx = dxs + row * D;
    const float* dy = dys + row * D;
    const float* x = xs + row * D;
    const float* previous = row % seqLen ? x - D : zeros;
    const float* next = (row + 1) % seqLen ? dy + D : zeros;
    eachVector(0, D, [=](int64_t i, auto part) {
      const simd::Vec s = take(keep + i, part);
      const simd::Vec g = take(dy + i, part);
      put(dx + i, simd::fma(simd::sub(one, s), take(next + i, part), simd::mul(s, g)), part);
      const simd::Vec step = simd::sub(take(x + i, part), take(previous + i, part));
      put(mixSums + i, simd::fma(g, step, take(mixSums + i, part)), part);
    });
  });

  foldParts(args.accMix.data, partials, rows, D, [=](simd::Vec sum, int64_t i, auto part) {
    // 1 - s as sigmoid(-mix), which keeps its digits where s is close to 1.
    const simd::Vec slope = simd::mul(take(keep + i, part), sigmoid(simd::neg(take(mix + i, part))));
    return simd::mul(sum, slope);
  });
}

}  // namespace
}  // namespace flashlm
