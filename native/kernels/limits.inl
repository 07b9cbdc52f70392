#pragma once

#include "../src/limits.h"
#include "../src/parallel.h"

// The loops of LimitTable. They use the kernels' wrapper and the kernels' tile, so that a kernel at its limit and the
// limit itself are the same instructions.
namespace flashlm {
namespace {

/** Tells the compiler that the value has changed: what follows is neither hoisted nor shared. */
template <class Register>
SIMD_INLINE void renew(Register& value) {
#if defined(__x86_64__)
  asm volatile("" : "+x"(value));
#elif defined(__aarch64__)
  asm volatile("" : "+w"(value));
#else
  asm volatile("" : "+m"(value));
#endif
}
SIMD_INLINE void renew(uint32_t& value) { asm volatile("" : "+r"(value)); }

/**
 * Tells the compiler that the sums are looked at: the work behind them must be done. Of a copy, because what asm sees in
 * memory is stored there each time it changes.
 */
template <class Sum, int COUNT>
SIMD_INLINE void keep(const Sum (&sums)[COUNT]) {
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

__attribute__((noinline)) void fmaRounds(int64_t rounds) {
  constexpr int SUMS = simd::TILE_ROWS * simd::TILE_VECS;
  simd::Vec sum[SUMS], b[simd::TILE_VECS], x = simd::broadcast(0.5f);
#pragma GCC unroll 32
  for (int i = 0; i < SUMS; i++) sum[i] = simd::zero();
#pragma GCC unroll 4
  for (int v = 0; v < simd::TILE_VECS; v++) b[v] = simd::broadcast(0.75f + static_cast<float>(v));
  for (int64_t round = 0; round < rounds; round++) {
#pragma GCC unroll 32
    for (int i = 0; i < SUMS; i++) {
      if (i % simd::TILE_VECS == 0) renew(x);
      sum[i] = simd::fma(x, b[i % simd::TILE_VECS], sum[i]);
    }
  }
  keep(sum);
}

inline double fmaLimit(Context& ctx, const LimitWork& work) noexcept {
  onEachThread(ctx, [&](int64_t) { fmaRounds(work.rounds); });
  return 2.0 * simd::LANES * simd::TILE_ROWS * simd::TILE_VECS * static_cast<double>(work.rounds) * ctx.threads;
}

__attribute__((noinline)) void dotRounds(int64_t rounds) {
  constexpr int SUMS = simd::DOT_TILE_ROWS * simd::TILE_VECS;
  // The signs cancel out, so that no sum overflows however often it is added to.
  const int8_t codes[4] = {1, -1, 1, -1};
  simd::DotSum sum[SUMS];
  simd::Quads w[simd::TILE_VECS], x = simd::broadcastQuad(codes);
#pragma GCC unroll 32
  for (int i = 0; i < SUMS; i++) sum[i] = simd::dotZero();
#pragma GCC unroll 4
  for (int v = 0; v < simd::TILE_VECS; v++) {
    w[v] = simd::onesQuads();
    renew(w[v]);
  }
  for (int64_t round = 0; round < rounds; round++) {
#pragma GCC unroll 32
    for (int i = 0; i < SUMS; i++) {
      if (i % simd::TILE_VECS == 0) renew(x);
      sum[i] = simd::dot(sum[i], w[i % simd::TILE_VECS], x);
    }
  }
  keep(sum);
}

/** Without the widening of narrow sums, which a kernel does once in DOT_STEPS. */
inline double dotLimit(Context& ctx, const LimitWork& work) noexcept {
  onEachThread(ctx, [&](int64_t) { dotRounds(work.rounds); });
  return 8.0 * simd::LANES * simd::DOT_TILE_ROWS * simd::TILE_VECS * static_cast<double>(work.rounds) * ctx.threads;
}

/** Registers that a loop over memory has under way. */
constexpr int STREAMS = 8;
constexpr int64_t STREAM_STEP = STREAMS * simd::LANES;
static_assert(kLeastLimitCount >= 3 * STREAM_STEP, "a thread's memory holds one step of each third");

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
    keep(sum);
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

}  // namespace
}  // namespace flashlm
