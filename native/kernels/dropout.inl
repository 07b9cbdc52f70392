#pragma once

#include "vectors.inl"

namespace flashlm {
namespace {

/** Philox 4x32-10 of LANES counters (src/core/philox.ts). */
SIMD_INLINE void philox(simd::IntVec (&c)[4], uint32_t key0, uint32_t key1) {
  for (int round = 0; round < 10; round++) {
    simd::IntVec high0, low0, high1, low1;
    simd::mulWide(c[0], 0xd2511f53u, high0, low0);
    simd::mulWide(c[2], 0xcd9e8d57u, high1, low1);
    c[0] = simd::bitXor(simd::bitXor(high1, c[1]), simd::intBroadcast(static_cast<int32_t>(key0)));
    c[1] = low1;
    c[2] = simd::bitXor(simd::bitXor(high0, c[3]), simd::intBroadcast(static_cast<int32_t>(key1)));
    c[3] = low0;
    key0 += 0x9e3779b9u;
    key1 += 0xbb67ae85u;
  }
}

/** A group of elements, served by 16 counters of 4 words: word w of counter c is for element 16 w + c. */
constexpr int64_t DROPOUT_GROUP = 64;

/** The factors of the elements of one group. */
struct DropoutFactors {
  uint32_t key0, key1, step, stream, limit;
  float scale;

  /** Calls `body(element of the group, factors)` for registers of LANES elements. */
  template <class Body>
  SIMD_METHOD void of(uint64_t group, const Body& body) const {
    const uint64_t first = group * 16;
    for (int lane = 0; lane < 16; lane += simd::LANES) {
      // The 16 counters of a group differ in their lowest 4 bits only.
      const uint32_t low = static_cast<uint32_t>(first) + static_cast<uint32_t>(lane);
      simd::IntVec c[4] = {simd::add(simd::intBroadcast(static_cast<int32_t>(low)), simd::laneNumbers()),
                           simd::intBroadcast(static_cast<int32_t>(first >> 32)),
                           simd::intBroadcast(static_cast<int32_t>(step)),
                           simd::intBroadcast(static_cast<int32_t>(stream))};
      philox(c, key0, key1);
      for (int word = 0; word < 4; word++) {
        const simd::Mask isKept = simd::atLeast(c[word], limit);
        body(16 * word + lane, simd::select(isKept, simd::broadcast(scale), simd::zero()));
      }
    }
  }
};

/** An element is kept if its random number is at least this. Rates outside [0, 1) are not checked here. */
inline uint32_t limitOf(double rate) {
  const double limit = rate * 0x1p32;
  return limit >= 0 && limit < 0x1p32 ? static_cast<uint32_t>(limit) : UINT32_MAX;
}

void dropout(Context& ctx, const DropoutArgs& args) noexcept {
  const int64_t count = args.x.rows * args.x.cols;
  float* outs = args.out.data;
  const float* xs = args.x.data;
  const uint64_t seed = static_cast<uint64_t>(args.seed);
  const uint64_t first = static_cast<uint64_t>(args.firstRow) * static_cast<uint64_t>(args.x.cols);
  const DropoutFactors factors = {static_cast<uint32_t>(seed),
                                  static_cast<uint32_t>(seed >> 32),
                                  static_cast<uint32_t>(args.step),
                                  static_cast<uint32_t>(args.stream),
                                  limitOf(args.rate),
                                  static_cast<float>(1 / (1 - args.rate))};
  // Groups are aligned to row 0 of the whole batch: the first one may begin before this call's first element.
  const int64_t before = static_cast<int64_t>(first % DROPOUT_GROUP);
  const uint64_t firstGroup = first / DROPOUT_GROUP;
  const int64_t groups = (before + count + DROPOUT_GROUP - 1) / DROPOUT_GROUP;
  eachRow(ctx, groups, DROPOUT_GROUP, [=](int64_t group) {
    const int64_t at = group * DROPOUT_GROUP - before;
    const uint64_t number = firstGroup + static_cast<uint64_t>(group);
    if (at >= 0 && at + DROPOUT_GROUP <= count) {
      factors.of(number, [=](int i, simd::Vec factor) INLINE_BODY {
        simd::store(outs + at + i, simd::mul(simd::load(xs + at + i), factor));
      });
      return;
    }
    float all[DROPOUT_GROUP];
    factors.of(number, [&](int i, simd::Vec factor) INLINE_BODY { simd::store(all + i, factor); });
    const int64_t begin = at < 0 ? 0 : at, end = at + DROPOUT_GROUP < count ? at + DROPOUT_GROUP : count;
    for (int64_t i = begin; i < end; i++) outs[i] = xs[i] * all[i - at];
  });
}

}  // namespace
}  // namespace flashlm
