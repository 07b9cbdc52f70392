#include <string.h>

#include "row_sums.inl"

// Query and key heads as attention takes them: RMSNorm of each head, then a rotation by its position's
// angles.
namespace flashlm {
namespace {

/** The query and key heads of rows [q | k | v], and the angles by which each turns. */
struct TurnedHeads {
  /** Heads of queries and keys, and of queries; columns of one; pairs of them that turn. */
  int64_t count, queries, E, pairs;
  /** Of a row of angles. */
  int64_t columns;
  bool isInterleaved;
  const float* angles;
  int64_t contexts;
  const int32_t* position;
  int64_t seqLen;

  /** The cosines of a row, before its sines. Contexts are checked before: the last one only keeps a wrong
   * call in bounds. */
  const float* anglesOf(int64_t row) const {
    int64_t at = position[row / seqLen] + row % seqLen;
    at = at < 0 ? 0 : at < contexts ? at : contexts - 1;
    return angles + at * columns;
  }

  /** Turns a head of `z` by its angles, or back: `sign` is 1 or -1. `to` may be `z`. */
  void turn(float* to, const float* z, const float* cos, float sign) const {
    const float* sin = cos + columns / 2;
    if (isInterleaved) {
      for (int64_t i = 0; i < pairs; i++) {
        const float a = z[2 * i], b = z[2 * i + 1], s = sign * sin[i];
        to[2 * i] = a * cos[i] - b * s;
        to[2 * i + 1] = b * cos[i] + a * s;
      }
    } else {
      const simd::Vec factor = simd::broadcast(sign);
      eachVector(0, pairs, [&](int64_t i, auto part) {
        const simd::Vec a = take(z + i, part), b = take(z + pairs + i, part);
        const simd::Vec c = take(cos + i, part), s = simd::mul(factor, take(sin + i, part));
        put(to + i, simd::fnma(b, s, simd::mul(a, c)), part);
        put(to + pairs + i, simd::fma(a, s, simd::mul(b, c)), part);
      });
    }
    if (to != z) memcpy(to + 2 * pairs, z + 2 * pairs, static_cast<size_t>(E - 2 * pairs) * sizeof(float));
  }
};

template <class Args>
inline TurnedHeads turnedHeads(const Args& args) {
  const int64_t queries = args.kvHeads * args.group;
  const int64_t E = args.x.cols / (queries + 2 * args.kvHeads);
  const int64_t pairs = args.angles.cols < E ? args.angles.cols / 2 : E / 2;
  return {queries + args.kvHeads,
          queries,
          E,
          pairs < args.turned ? pairs : args.turned,
          args.angles.cols,
          args.layout == decltype(args.layout)::interleaved,
          args.angles.data,
          args.angles.rows,
          args.position.data,
          args.seqLen};
}

void normRope(Context& ctx, const NormRopeArgs& args) noexcept {
  const TurnedHeads heads = turnedHeads(args);
  const int64_t E = heads.E, inCols = args.x.cols, outCols = args.out.cols;
  float* outs = args.out.data;
  float* rstds = args.outRstd.data;
  const float* xs = args.x.data;
  const float* gain = args.gain.data;
  const double eps = args.eps;
  eachRow(ctx, args.x.rows, outCols, [=](int64_t row) {
    const float* cos = heads.anglesOf(row);
    for (int64_t h = 0; h < heads.count; h++) {
      const float* x = xs + row * inCols + h * E;
      float* out = outs + row * outCols + h * E;
      const float* ofHead = gain ? gain + (h < heads.queries ? 0 : E) : nullptr;
      float rstd = 1;
      if (rstds) {
        rstd = static_cast<float>(1 / __builtin_sqrt(rowSquares(x, E) / E + eps));
        rstds[row * heads.count + h] = rstd;
      }
      const simd::Vec r = simd::broadcast(rstd);
      eachVector(0, E, [=](int64_t i, auto part) {
        simd::Vec z = take(x + i, part);
        if (rstds) z = simd::mul(r, z);
        put(out + i, ofHead ? simd::mul(z, take(ofHead + i, part)) : z, part);
      });
      heads.turn(out, out, cos, 1);
    }
  });
}

void normRopeGrad(Context& ctx, const NormRopeGradArgs& args) noexcept {
  const TurnedHeads heads = turnedHeads(args);
  const int64_t rows = args.x.rows, E = heads.E, inCols = args.x.cols, qkCols = args.dqk.cols;
  float* dxs = args.outDx.data;
  const float* dqks = args.dqk.data;
  const float* xs = args.x.data;
  const float* gain = args.gain.data;
  const float* rstds = args.rstd.data;
  float* accGain = args.accGain.data;
  const auto onRow = [=](int64_t row, float* gainSums) {
    const float* cos = heads.anglesOf(row);
    for (int64_t h = 0; h < heads.count; h++) {
      const float* x = xs + row * inCols + h * E;
      float* dx = dxs + row * inCols + h * E;
      const int64_t ofHead = h < heads.queries ? 0 : E;
      heads.turn(dx, dqks + row * qkCols + h * E, cos, -1);
      const float rstd = rstds ? rstds[row * heads.count + h] : 1;
      const simd::Vec r = simd::broadcast(rstd);
      if (gainSums) {
        eachVector(0, E, [=](int64_t i, auto part) {
          float* sum = gainSums + ofHead + i;
          const simd::Vec normed = simd::mul(take(x + i, part), r);
          put(sum, simd::fma(take(dx + i, part), normed, take(sum, part)), part);
        });
      }
      if (gain) {
        eachVector(0, E, [=](int64_t i, auto part) {
          put(dx + i, simd::mul(take(dx + i, part), take(gain + ofHead + i, part)), part);
        });
      }
      if (!rstds) continue;
      const double ux = sumVectors(E, [=](simd::Vec sum, int64_t i, auto part) {
        return simd::fma(take(dx + i, part), take(x + i, part), sum);
      });
      const double r64 = rstd;
      const simd::Vec pull = simd::broadcast(static_cast<float>(r64 * r64 * ux / E));
      eachVector(0, E, [=](int64_t i, auto part) {
        put(dx + i, simd::mul(r, simd::fnma(take(x + i, part), pull, take(dx + i, part))), part);
      });
    }
  };
  eachRowWithSums(ctx, rows, qkCols, accGain ? 2 * E : 0, onRow,
                  [=](const PartSums& sums) { foldParts(accGain, 2 * E, sums, 0); });
}

}  // namespace
}  // namespace flashlm
