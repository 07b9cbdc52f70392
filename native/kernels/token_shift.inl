#include <string.h>

#include "document_starts.inl"
#include "row_sums.inl"
#include "sigmoid.inl"

namespace flashlm {
namespace {

/** The weights of a row and of the row before it: sigmoid(mix) and 1 - sigmoid(mix), both to full precision.
 */
struct Shares {
  float *own, *before;
  /** What is read in place of a row that must not be seen. */
  float* zeros;
};

/** [1 x D] each, computed once per call; null when memory runs out. */
inline Shares sharesOf(Context& ctx, const float* mix, int64_t D) {
  const Shares shares = {ctx.scratch.get<float>(D), ctx.scratch.get<float>(D), ctx.scratch.get<float>(D)};
  if (ctx.scratch.failed()) return {};
  memset(shares.zeros, 0, D * sizeof(float));
  eachVector(0, D, [=](int64_t i, auto part) {
    const Sigmoid<1> s({take(mix + i, part)});
    put(shares.own + i, s.of[0], part);
    put(shares.before + i, s.rest[0], part);
  });
  return shares;
}

void tokenShift(Context& ctx, const TokenShiftArgs& args) noexcept {
  const int64_t D = args.x.cols, seqLen = args.seqLen;
  float* outs = args.out.data;
  float* state = args.state.data;
  const float* xs = args.x.data;
  const int32_t* starts = args.starts.data;
  const Shares shares = sharesOf(ctx, args.mix.data, D);
  if (!shares.own) return;

  eachRow(ctx, args.x.rows, D, [=](int64_t row) {
    float* out = outs + row * D;
    const float* x = xs + row * D;
    const int64_t t = row % seqLen;
    const float* previous = documentBegins(starts, row, t) ? shares.zeros
                            : t                            ? x - D
                                                           : state + row / seqLen * D;
    eachVector(0, D, [=](int64_t i, auto part) {
      const simd::Vec kept = simd::mul(take(shares.own + i, part), take(x + i, part));
      put(out + i, simd::fma(take(shares.before + i, part), take(previous + i, part), kept), part);
    });
  });
  // After the loop, which reads the old state.
  eachRow(ctx, args.state.rows, D, [=](int64_t sequence) {
    memcpy(state + sequence * D, xs + ((sequence + 1) * seqLen - 1) * D, D * sizeof(float));
  });
}

void tokenShiftGrad(Context& ctx, const TokenShiftGradArgs& args) noexcept {
  const int64_t rows = args.x.rows, D = args.x.cols, seqLen = args.seqLen;
  float* dxs = args.outDx.data;
  const float* dys = args.dy.data;
  const float* xs = args.x.data;
  const int32_t* starts = args.starts.data;
  const Shares shares = sharesOf(ctx, args.mix.data, D);
  if (!shares.own) return;
  /** Whether row `row` sees nothing before it. */
  const auto isFirst = [=](int64_t row) {
    return row % seqLen == 0 || documentBegins(starts, row, row % seqLen);
  };

  const auto onRow = [=](int64_t row, float* mixSums) {
    float* dx = dxs + row * D;
    const float* dy = dys + row * D;
    const float* x = xs + row * D;
    const float* previous = isFirst(row) ? shares.zeros : x - D;
    const float* next = isFirst(row + 1) ? shares.zeros : dy + D;
    eachVector(0, D, [=](int64_t i, auto part) {
      const simd::Vec g = take(dy + i, part);
      const simd::Vec kept = simd::mul(take(shares.own + i, part), g);
      put(dx + i, simd::fma(take(shares.before + i, part), take(next + i, part), kept), part);
      const simd::Vec step = simd::sub(take(x + i, part), take(previous + i, part));
      put(mixSums + i, simd::fma(g, step, take(mixSums + i, part)), part);
    });
  };
  float* accMix = args.accMix.data;
  eachRowWithSums(ctx, rows, D, D, onRow, [=](const PartSums& sums) {
    foldParts(accMix, D, sums, 0, [=](simd::Vec sum, int64_t i, auto part) {
      return simd::mul(sum, simd::mul(take(shares.own + i, part), take(shares.before + i, part)));
    });
  });
}

}  // namespace
}  // namespace flashlm
