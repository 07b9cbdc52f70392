#pragma once

#include "../src/limits.h"
#include "../src/parallel.h"

#include "steps.inl"

// The loops of LimitTable. They use the SIMD wrapper and the tile sizes of the kernels, so that a kernel at
// its limit runs the same instructions as the limit.
namespace flashlm {
namespace {

/** Hides the value from the compiler, so that computations on it are neither hoisted nor merged. */
template <class Register>
SIMD_INLINE void makeUnpredictable(Register& value) {
#if defined(__x86_64__)
  asm volatile("" : "+x"(value));
#elif defined(__aarch64__)
  asm volatile("" : "+w"(value));
#else
  asm volatile("" : "+m"(value));
#endif
}
SIMD_INLINE void makeUnpredictable(uint32_t& value) { asm volatile("" : "+r"(value)); }
#ifdef SIMD_POPCOUNT
SIMD_INLINE void makeUnpredictable(simd::Planes& planes) {
  makeUnpredictable(planes.nonzero);
  makeUnpredictable(planes.negative);
}
#endif

/**
 * Makes the compiler compute the sums although nothing reads them. It passes a copy to asm, because the
 * original would be stored to memory at every change.
 */
template <class Sum, int COUNT>
SIMD_INLINE void doNotOptimizeAway(const Sum (&sums)[COUNT]) {
  Sum kept[COUNT];
#pragma GCC unroll 32
  for (int i = 0; i < COUNT; i++) kept[i] = sums[i];
  asm volatile("" : : "m"(kept));
}

/** Calls `fn(thread)` once for each thread. */
template <class F>
inline void onEachThread(const Context& ctx, const F& fn) {
  parallelTasks(ctx.threads, ctx.threads, [&](int64_t thread, int) { fn(thread); });
}

/**
 * Runs `rounds` steps of a ROWS x TILE_VECS tile with all operands in registers. `Step` is the kind of
 * product, as in the kernels' tiles.
 */
template <class Step>
__attribute__((noinline)) void tileRounds(int64_t rounds) {
  constexpr int SUMS = Step::ROWS * simd::TILE_VECS;
  decltype(Step::zero()) sum[SUMS];
  decltype(Step::weights()) w[simd::TILE_VECS];
  auto x = Step::operand();
#pragma GCC unroll 32
  for (int i = 0; i < SUMS; i++) sum[i] = Step::zero();
#pragma GCC unroll 4
  for (int v = 0; v < simd::TILE_VECS; v++) {
    w[v] = Step::weights();
    makeUnpredictable(w[v]);
  }
  for (int64_t round = 0; round < rounds; round++) {
#pragma GCC unroll 32
    for (int i = 0; i < SUMS; i++) {
      if (i % simd::TILE_VECS == 0) makeUnpredictable(x);
      sum[i] = Step::add(sum[i], w[i % simd::TILE_VECS], x);
    }
  }
  doNotOptimizeAway(sum);
}

/** The same in tile registers: a tile's six sums are enough independent products to hide their latency. */
template <class Unit>
__attribute__((noinline)) void registerRounds(int64_t rounds) {
  typename Unit::Registers registers;
  for (int64_t round = 0; round < rounds; round++) {
    Unit::template dot<0, 6, 7>();
    Unit::template dot<1, 6, 7>();
    Unit::template dot<2, 6, 7>();
    Unit::template dot<3, 6, 7>();
    Unit::template dot<4, 6, 7>();
    Unit::template dot<5, 6, 7>();
  }
}

/** Runs the rounds on all threads and returns the operations: two per product. */
template <class Step>
inline double tileLimit(Context& ctx, const LimitWork& work) noexcept {
  using Unit = typename Step::Unit;
  onEachThread(ctx, [&](int64_t) {
    if constexpr (Unit::IS_TILED) {
      registerRounds<Unit>(work.rounds);
    } else {
      tileRounds<Step>(work.rounds);
    }
  });
  constexpr double ROUND = 2.0 * Step::PRODUCTS * simd::LANES * Unit::DEPTH * Step::ROWS * simd::TILE_VECS;
  return ROUND * static_cast<double>(work.rounds) * ctx.threads;
}

struct FmaStep {
  using Unit = Vectors;
  static constexpr int ROWS = simd::TILE_ROWS, PRODUCTS = 1;
  SIMD_INLINE simd::Vec zero() { return simd::zero(); }
  SIMD_INLINE simd::Vec weights() { return simd::broadcast(0.75f); }
  SIMD_INLINE simd::Vec operand() { return simd::broadcast(0.5f); }
  SIMD_INLINE simd::Vec add(simd::Vec sum, simd::Vec w, simd::Vec x) { return simd::fma(x, w, sum); }
};
constexpr auto fmaLimit = tileLimit<FmaStep>;

/** Without widening the sums, which a kernel does once every DOT_STEPS. */
struct QuadStep {
  using Unit = QuadUnit;
  static constexpr int ROWS = rowsOfTile<Unit>(simd::DOT_TILE_ROWS), PRODUCTS = 4;
  // The products cancel, so that no sum overflows.
  static constexpr int8_t CODES[4] = {1, -1, 1, -1};
  SIMD_INLINE simd::DotSum zero() { return simd::dotZero(); }
  SIMD_INLINE simd::Quads weights() { return simd::onesQuads(); }
  SIMD_INLINE simd::Quads operand() { return simd::broadcastQuad(CODES); }
  SIMD_INLINE simd::DotSum add(simd::DotSum sum, simd::Quads w, simd::Quads x) {
    return simd::dot(sum, w, x);
  }
};
constexpr auto dotLimit = tileLimit<QuadStep>;

#ifdef SIMD_BF16_DOT
struct Bf16Step {
  using Unit = Bf16Unit;
  static constexpr int ROWS = rowsOfTile<Unit>(simd::TILE_ROWS), PRODUCTS = 2;
  SIMD_INLINE simd::Vec zero() { return simd::zero(); }
  SIMD_INLINE simd::Vec weights() { return simd::bf16Pairs(simd::broadcast(0.5f), simd::broadcast(0.5f)); }
  SIMD_INLINE simd::Vec operand() { return simd::bf16Pairs(simd::broadcast(0.5f), simd::broadcast(0.5f)); }
  SIMD_INLINE simd::Vec add(simd::Vec sum, simd::Vec w, simd::Vec x) { return simd::bf16Dot(sum, w, x); }
};
constexpr auto bf16Limit = tileLimit<Bf16Step>;
#else
constexpr decltype(LimitTable::bf16) bf16Limit = nullptr;
#endif

#ifdef SIMD_POPCOUNT
/** All bits are 0, so that no sum overflows; the time does not depend on the bits. */
struct BitStep {
  using Unit = Vectors;
  static constexpr int ROWS = simd::BIT_TILE_ROWS, PRODUCTS = 32;
  static constexpr uint32_t WORDS[2] = {};
  SIMD_INLINE simd::BitSum zero() { return simd::bitZero(); }
  SIMD_INLINE simd::Planes weights() { return simd::broadcastPlanes(WORDS); }
  SIMD_INLINE simd::Planes operand() { return simd::broadcastPlanes(WORDS); }
  SIMD_INLINE simd::BitSum add(simd::BitSum sum, simd::Planes w, simd::Planes x) {
    return simd::dot(sum, w, x);
  }
};
constexpr auto popcountLimit = tileLimit<BitStep>;
#else
constexpr decltype(LimitTable::popcount) popcountLimit = nullptr;
#endif

/** Empty parallel sections: the time to wake all threads and wait for the last. */
inline double forkLimit(Context& ctx, const LimitWork& work) noexcept {
  for (int64_t round = 0; round < work.rounds; round++) onEachThread(ctx, [](int64_t) { asm volatile(""); });
  return static_cast<double>(work.rounds);
}

/** Independent registers in a loop over memory. */
constexpr int STREAMS = 8;
constexpr int64_t STREAM_STEP = STREAMS * simd::LANES;
static_assert(kMinLimitCount >= 3 * STREAM_STEP, "a thread's memory holds one step of each third");

inline double readLimit(Context& ctx, const LimitWork& work) noexcept {
  const int64_t count = work.count / STREAM_STEP * STREAM_STEP;
  onEachThread(ctx, [&](int64_t thread) {
    const float* data = work.memory + thread * work.count;
    simd::Vec sum[STREAMS];
#pragma GCC unroll 8
    for (int i = 0; i < STREAMS; i++) sum[i] = simd::zero();
    for (int64_t round = 0; round < work.rounds; round++) {
      for (int64_t at = 0; at < count; at += STREAM_STEP) {
#pragma GCC unroll 8
        for (int i = 0; i < STREAMS; i++) sum[i] = simd::add(sum[i], simd::load(data + at + i * simd::LANES));
      }
    }
    doNotOptimizeAway(sum);
  });
  return static_cast<double>(sizeof(float)) * count * work.rounds * ctx.threads;
}

inline double triadLimit(Context& ctx, const LimitWork& work) noexcept {
  const int64_t count = work.count / 3 / STREAM_STEP * STREAM_STEP;
  onEachThread(ctx, [&](int64_t thread) {
    float* a = work.memory + thread * work.count;
    const float* b = a + count;
    const float* c = b + count;
    const simd::Vec factor = simd::broadcast(0.5f);
    for (int64_t round = 0; round < work.rounds; round++) {
      for (int64_t at = 0; at < count; at += STREAM_STEP) {
#pragma GCC unroll 8
        for (int i = 0; i < STREAMS; i++) {
          const int64_t k = at + i * simd::LANES;
          simd::store(a + k, simd::fma(factor, simd::load(c + k), simd::load(b + k)));
        }
      }
      asm volatile("" : : : "memory");
    }
  });
  return 3.0 * sizeof(float) * count * work.rounds * ctx.threads;
}

/** The limits of this instruction set; null where it has no instructions. */
constexpr LimitTable limitTable() {
  return {fmaLimit, bf16Limit, dotLimit, popcountLimit, readLimit, triadLimit, forkLimit};
}

}  // namespace
}  // namespace flashlm
