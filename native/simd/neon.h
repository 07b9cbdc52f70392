#pragma once

/**
 * 4 lanes: NEON of every 64-bit ARM; with dotprod where the compiler flags enable it. scalar.h documents
 * each name.
 */

#include <arm_neon.h>
#include <stdint.h>
#include <string.h>

#define SIMD_INLINE static inline __attribute__((always_inline))
#define SIMD_METHOD inline __attribute__((always_inline))

namespace flashlm {
namespace {
namespace simd {

constexpr int LANES = 4;
constexpr int TILE_ROWS = 8;
constexpr int TILE_VECS = 3;
constexpr int64_t ALL_STEPS = INT64_MAX;

using Vec = float32x4_t;
using Mask = uint32x4_t;
using IntVec = int32x4_t;

SIMD_INLINE Vec zero() { return vdupq_n_f32(0.0f); }
SIMD_INLINE Vec broadcast(float x) { return vdupq_n_f32(x); }
SIMD_INLINE Vec load(const float* p) { return vld1q_f32(p); }
SIMD_INLINE void store(float* p, Vec v) { vst1q_f32(p, v); }
SIMD_INLINE Vec loadPartial(const float* p, int n) {
  float values[LANES] = {};
  for (int i = 0; i < n; i++) values[i] = p[i];
  return load(values);
}
SIMD_INLINE void storePartial(float* p, Vec v, int n) {
  float values[LANES];
  store(values, v);
  for (int i = 0; i < n; i++) p[i] = values[i];
}

SIMD_INLINE Vec add(Vec a, Vec b) { return vaddq_f32(a, b); }
SIMD_INLINE Vec sub(Vec a, Vec b) { return vsubq_f32(a, b); }
SIMD_INLINE Vec mul(Vec a, Vec b) { return vmulq_f32(a, b); }
SIMD_INLINE Vec div(Vec a, Vec b) { return vdivq_f32(a, b); }
SIMD_INLINE Vec fma(Vec a, Vec b, Vec c) { return vfmaq_f32(c, a, b); }
SIMD_INLINE Vec fnma(Vec a, Vec b, Vec c) { return vfmsq_f32(c, a, b); }
SIMD_INLINE Vec min(Vec a, Vec b) { return vminq_f32(a, b); }
SIMD_INLINE Vec max(Vec a, Vec b) { return vmaxq_f32(a, b); }
SIMD_INLINE Vec abs(Vec a) { return vabsq_f32(a); }
SIMD_INLINE Vec neg(Vec a) { return vnegq_f32(a); }
SIMD_INLINE Vec sqrt(Vec a) { return vsqrtq_f32(a); }
SIMD_INLINE Vec productError(Vec a, Vec b, Vec p) { return fma(a, b, neg(p)); }

SIMD_INLINE Mask greater(Vec a, Vec b) { return vcgtq_f32(a, b); }
SIMD_INLINE Vec select(Mask m, Vec whenTrue, Vec whenFalse) { return vbslq_f32(m, whenTrue, whenFalse); }

SIMD_INLINE float reduceAdd(Vec v) {
  const float32x2_t two = vadd_f32(vget_low_f32(v), vget_high_f32(v));
  return vget_lane_f32(vpadd_f32(two, two), 0);
}
SIMD_INLINE float reduceMax(Vec v) { return vmaxvq_f32(v); }

SIMD_INLINE void loadColumns(const float* p, int64_t stride, Vec (&columns)[4]) {
  const float32x4_t r0 = vld1q_f32(p), r1 = vld1q_f32(p + stride);
  const float32x4_t r2 = vld1q_f32(p + 2 * stride), r3 = vld1q_f32(p + 3 * stride);
  const float32x4x2_t even = vzipq_f32(r0, r2), odd = vzipq_f32(r1, r3);
  const float32x4x2_t low = vzipq_f32(even.val[0], odd.val[0]), high = vzipq_f32(even.val[1], odd.val[1]);
  columns[0] = low.val[0];
  columns[1] = low.val[1];
  columns[2] = high.val[0];
  columns[3] = high.val[1];
}
SIMD_INLINE void transpose4(float* to, int64_t toStride, const float* from, int64_t fromStride) {
  Vec columns[4];
  loadColumns(from, fromStride, columns);
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) vst1q_f32(to + i * toStride, columns[i]);
}

/** 2^n for the n in the lowest bits of t, from -126 to 127. */
SIMD_INLINE Vec pow2(Vec t) {
  const uint32x4_t exponent = vshlq_n_u32(vreinterpretq_u32_f32(t), 23);
  return vreinterpretq_f32_u32(vaddq_u32(vreinterpretq_u32_f32(vdupq_n_f32(1.0f)), exponent));
}
#include "divide.inl"
#include "exp.inl"

SIMD_INLINE IntVec loadCodeInts(const int8_t* p) {
  uint32_t four;
  memcpy(&four, p, 4);
  return vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_u32(vdup_n_u32(four)))));
}
SIMD_INLINE IntVec loadCodeIntsPartial(const int8_t* p, int n) {
  int8_t codes[LANES] = {};
  for (int i = 0; i < n; i++) codes[i] = p[i];
  return loadCodeInts(codes);
}
SIMD_INLINE IntVec ternaryCodes(Vec x, Vec limit) {
  return vsubq_s32(vreinterpretq_s32_u32(greater(neg(limit), x)), vreinterpretq_s32_u32(greater(x, limit)));
}
// Converting NaN gives 0.
SIMD_INLINE IntVec toCodes(Vec x) { return vcvtnq_s32_f32(x); }
SIMD_INLINE void storeCodes(int8_t* p, IntVec i) {
  const int16x4_t i16 = vqmovn_s32(i);
  const int8x8_t codes = vqmovn_s16(vcombine_s16(i16, i16));
  const uint32_t four = vget_lane_u32(vreinterpret_u32_s8(codes), 0);
  memcpy(p, &four, 4);
}
SIMD_INLINE void storeCodes(int8_t* p, const IntVec (&i)[4]) {
  const int16x8_t low = vcombine_s16(vqmovn_s32(i[0]), vqmovn_s32(i[1]));
  const int16x8_t high = vcombine_s16(vqmovn_s32(i[2]), vqmovn_s32(i[3]));
  vst1q_s8(p, vcombine_s8(vqmovn_s16(low), vqmovn_s16(high)));
}
SIMD_INLINE void storeCodesPartial(int8_t* p, IntVec i, int n) {
  int8_t codes[LANES];
  storeCodes(codes, i);
  for (int j = 0; j < n; j++) p[j] = codes[j];
}

SIMD_INLINE Vec toFloat(IntVec v) { return vcvtq_f32_s32(v); }
SIMD_INLINE IntVec intBroadcast(int32_t i) { return vdupq_n_s32(i); }
SIMD_INLINE IntVec toInt(Vec v) { return vcvtnq_s32_f32(v); }
SIMD_INLINE IntVec add(IntVec a, IntVec b) { return vaddq_s32(a, b); }
SIMD_INLINE void storeInts(int32_t* p, IntVec v) { vst1q_s32(p, v); }
SIMD_INLINE IntVec laneNumbers() {
  const int32_t numbers[LANES] = {0, 1, 2, 3};
  return vld1q_s32(numbers);
}
SIMD_INLINE IntVec bitXor(IntVec a, IntVec b) { return veorq_s32(a, b); }
SIMD_INLINE void mulWide(IntVec a, uint32_t b, IntVec& high, IntVec& low) {
  const uint32x4_t whole = vreinterpretq_u32_s32(a), factor = vdupq_n_u32(b);
  const uint32x4_t first = vreinterpretq_u32_u64(vmull_u32(vget_low_u32(whole), vget_low_u32(factor)));
  const uint32x4_t second = vreinterpretq_u32_u64(vmull_u32(vget_high_u32(whole), vget_high_u32(factor)));
  low = vreinterpretq_s32_u32(vuzp1q_u32(first, second));
  high = vreinterpretq_s32_u32(vuzp2q_u32(first, second));
}
SIMD_INLINE Mask atLeast(IntVec a, uint32_t limit) {
  return vcgeq_u32(vreinterpretq_u32_s32(a), vdupq_n_u32(limit));
}
SIMD_INLINE int32_t reduceAdd(IntVec v) { return vaddvq_s32(v); }

SIMD_INLINE Vec maxBits(Vec a, Vec b) {
  return vreinterpretq_f32_s32(vmaxq_s32(vreinterpretq_s32_f32(a), vreinterpretq_s32_f32(b)));
}
SIMD_INLINE float reduceMaxBits(Vec v) {
  const int32x4_t most = vdupq_n_s32(vmaxvq_s32(vreinterpretq_s32_f32(v)));
  return vgetq_lane_f32(vreinterpretq_f32_s32(most), 0);
}

/** Flushes subnormal numbers to 0. */
SIMD_INLINE Vec normalOrZero(Vec v) {
  const uint32x4_t isSmall = vcltq_f32(vabsq_f32(v), vdupq_n_f32(0x1p-126f));
  return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(v), isSmall));
}
SIMD_INLINE Vec roundBf16(Vec v) {
  const uint32x4_t bits = vreinterpretq_u32_f32(normalOrZero(v));
  const uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
  const uint32x4_t sum = vaddq_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7fff)));
  const uint32x4_t rounded = vandq_u32(sum, vdupq_n_u32(0xffff0000u));
  return vbslq_f32(vceqq_f32(v, v), vreinterpretq_f32_u32(rounded), v);
}

#ifdef __ARM_FEATURE_BF16_VECTOR_ARITHMETIC
#define SIMD_BF16_DOT
SIMD_INLINE Vec bf16Dot(Vec sum, Vec w, Vec x) {
  return vbfdotq_f32(sum, vreinterpretq_bf16_f32(w), vreinterpretq_bf16_f32(x));
}
SIMD_INLINE Vec bf16Pairs(Vec a, Vec b) {
  const bfloat16x4_t low = vcvt_bf16_f32(normalOrZero(a)), high = vcvt_bf16_f32(normalOrZero(b));
  const uint16x4x2_t zipped = vzip_u16(vreinterpret_u16_bf16(low), vreinterpret_u16_bf16(high));
  return vreinterpretq_f32_u16(vcombine_u16(zipped.val[0], zipped.val[1]));
}
SIMD_INLINE Vec bf16Row(const float* p) {
  const bfloat16x8_t low = vcvtq_low_bf16_f32(normalOrZero(load(p)));
  return vreinterpretq_f32_bf16(vcvtq_high_bf16_f32(low, normalOrZero(load(p + LANES))));
}
#endif

struct Sum16 {
  float64x2_t lanes[8] = {};

  SIMD_INLINE Vec kept(Vec x, float keepAbove) {
    const Vec a = abs(x);
    return select(greater(a, broadcast(keepAbove)), a, zero());
  }
  SIMD_METHOD void addFour(int first, Vec a) {
    lanes[first] = vaddq_f64(lanes[first], vcvt_f64_f32(vget_low_f32(a)));
    lanes[first + 1] = vaddq_f64(lanes[first + 1], vcvt_high_f64_f32(a));
  }
  SIMD_METHOD void add(int64_t, const Vec (&v)[4]) {
    for (int j = 0; j < 4; j++) addFour(2 * j, v[j]);
  }
  SIMD_METHOD void add(const float* x) {
    for (int i = 0; i < 4; i++) addFour(2 * i, load(x + 4 * i));
  }
  SIMD_METHOD void addPartial(const float* x, int n) {
    for (int i = 0; 4 * i < n; i++) {
      const int left = n - 4 * i;
      addFour(2 * i, loadPartial(x + 4 * i, left < 4 ? left : 4));
    }
  }
  SIMD_METHOD void addAbs(const float* x) {
    for (int i = 0; i < 4; i++) addFour(2 * i, abs(load(x + 4 * i)));
  }
  SIMD_METHOD void addAbsPartial(const float* x, int n) {
    for (int i = 0; 4 * i < n; i++) {
      const int left = n - 4 * i;
      addFour(2 * i, abs(loadPartial(x + 4 * i, left < 4 ? left : 4)));
    }
  }
  SIMD_METHOD void addAbsAbove(const float* x, float keepAbove) {
    for (int i = 0; i < 4; i++) addFour(2 * i, kept(load(x + 4 * i), keepAbove));
  }
  SIMD_METHOD void addAbsAbovePartial(const float* x, int n, float keepAbove) {
    for (int i = 0; 4 * i < n; i++) {
      const int left = n - 4 * i;
      addFour(2 * i, kept(loadPartial(x + 4 * i, left < 4 ? left : 4), keepAbove));
    }
  }
  SIMD_METHOD void addFourSquares(int first, Vec x) {
    const float64x2_t a = vcvt_f64_f32(vget_low_f32(x)), b = vcvt_high_f64_f32(x);
    lanes[first] = vfmaq_f64(lanes[first], a, a);
    lanes[first + 1] = vfmaq_f64(lanes[first + 1], b, b);
  }
  SIMD_METHOD void addSquares(const float* x) {
    for (int i = 0; i < 4; i++) addFourSquares(2 * i, load(x + 4 * i));
  }
  SIMD_METHOD void addSquaresPartial(const float* x, int n) {
    for (int i = 0; 4 * i < n; i++) {
      const int left = n - 4 * i;
      addFourSquares(2 * i, loadPartial(x + 4 * i, left < 4 ? left : 4));
    }
  }
  SIMD_METHOD double fold() const {
    float64x2_t folded[4];
    for (int j = 0; j < 4; j++) folded[j] = vaddq_f64(lanes[j], lanes[j + 4]);
    for (int j = 0; j < 2; j++) folded[j] = vaddq_f64(folded[j], folded[j + 2]);
    return vaddvq_f64(vaddq_f64(folded[0], folded[1]));
  }
};

using Quads = int8x16_t;

// Codes of at most 2 are the same signed and unsigned.
SIMD_INLINE Quads loadQuads(const uint8_t* p) { return vreinterpretq_s8_u8(vld1q_u8(p)); }
SIMD_INLINE Quads loadSignedQuads(const int8_t* p) { return vld1q_s8(p); }
SIMD_INLINE Quads onesQuads() { return vdupq_n_s8(1); }
/** Keeps gcc from interleaving the steps of several rows, which would spill registers. */
SIMD_INLINE void beginRow() { asm volatile(""); }
SIMD_INLINE Quads broadcastQuad(const int8_t* p) {
  beginRow();
  int32_t quad;
  memcpy(&quad, p, 4);
  return vreinterpretq_s8_s32(vdupq_n_s32(quad));
}
SIMD_INLINE Vec quadByte(Quads q, int i) {
  const uint32x4_t shifted = vshlq_u32(vreinterpretq_u32_s8(q), vdupq_n_s32(-8 * i));
  return vcvtq_f32_u32(vandq_u32(shifted, vdupq_n_u32(255)));
}

SIMD_INLINE Vec quadsOf(IntVec a, IntVec b, IntVec c, IntVec d) {
  const int16x8_t ab = vcombine_s16(vmovn_s32(a), vmovn_s32(b)),
                  cd = vcombine_s16(vmovn_s32(c), vmovn_s32(d));
  const int8x16_t rows = vcombine_s8(vmovn_s16(ab), vmovn_s16(cd));
  const uint8x16_t transposed = {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15};
  return vreinterpretq_f32_s8(vqtbl1q_s8(rows, transposed));
}

#ifdef __ARM_FEATURE_DOTPROD
constexpr int DOT_TILE_ROWS = 8;
#define SIMD_INT8_DOT
using DotSum = int32x4_t;
constexpr int CODE_OFFSET = 0;
constexpr int64_t DOT_STEPS = ALL_STEPS;
SIMD_INLINE DotSum dotZero() { return vdupq_n_s32(0); }
SIMD_INLINE DotSum dot(DotSum sum, Quads w, Quads x) { return vdotq_s32(sum, w, x); }
SIMD_INLINE IntVec widenAdd(IntVec total, DotSum sum) { return vaddq_s32(total, sum); }
#else
constexpr int DOT_TILE_ROWS = 4;
/** One int16 sum per byte of the quads: columns 0 and 1, columns 2 and 3. */
struct DotSum {
  int16x8_t low, high;
};
// int16: 128 steps of at most 2 * -128 reach -32768 exactly.
constexpr int DOT_STEPS = 128;
SIMD_INLINE DotSum dotZero() { return {vdupq_n_s16(0), vdupq_n_s16(0)}; }
SIMD_INLINE DotSum dot(DotSum sum, Quads w, Quads x) {
  return {vmlal_s8(sum.low, vget_low_s8(w), vget_low_s8(x)), vmlal_high_s8(sum.high, w, x)};
}
SIMD_INLINE IntVec widenAdd(IntVec total, DotSum sum) {
  return vaddq_s32(total, vpaddq_s32(vpaddlq_s16(sum.low), vpaddlq_s16(sum.high)));
}
#endif

#define SIMD_BIT_PLANES
#define SIMD_POPCOUNT
struct Planes {
  uint8x16_t nonzero, negative;
};
constexpr int BIT_TILE_ROWS = 6;
using BitSum = int8x16_t;
// int8: 15 steps of at most 8 ones a byte.
constexpr int BIT_STEPS = 15;
SIMD_INLINE BitSum bitZero() { return vdupq_n_s8(0); }
SIMD_INLINE Planes loadPlanes(const uint8_t* p) { return {vld1q_u8(p), vld1q_u8(p + 16)}; }
SIMD_INLINE Planes broadcastPlanes(const uint32_t* p) {
  beginRow();
  const uint32x4x2_t words = vld2q_dup_u32(p);
  return {vreinterpretq_u8_u32(words.val[0]), vreinterpretq_u8_u32(words.val[1])};
}
SIMD_INLINE BitSum dot(BitSum sum, Planes w, Planes x) {
  const uint8x16_t both = vandq_u8(w.nonzero, x.nonzero);
  const uint8x16_t differ = vandq_u8(both, veorq_u8(w.negative, x.negative));
  sum = vmlsq_s8(sum, vreinterpretq_s8_u8(vcntq_u8(differ)), vdupq_n_s8(2));
  return vaddq_s8(sum, vreinterpretq_s8_u8(vcntq_u8(both)));
}
SIMD_INLINE IntVec widenAdd(IntVec total, BitSum sum) { return vpadalq_s16(total, vpaddlq_s8(sum)); }
SIMD_INLINE bool makePlanes(uint32_t* to, const int8_t* codes, int64_t words) {
  const uint8x16_t bits = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201));
  uint8x16_t largest = vdupq_n_u8(0);  // of the codes plus one: not above 2 if all are ternary
  for (int64_t i = 0; i < words; i++) {
    const int8x16_t a = vld1q_s8(codes + 32 * i), b = vld1q_s8(codes + 32 * i + 16);
    const int8x16_t one = vdupq_n_s8(1);
    largest = vmaxq_u8(largest, vreinterpretq_u8_s8(vaddq_s8(a, one)));
    largest = vmaxq_u8(largest, vreinterpretq_u8_s8(vaddq_s8(b, one)));
    const uint8x16_t nonzero = vpaddq_u8(vandq_u8(vtstq_s8(a, a), bits), vandq_u8(vtstq_s8(b, b), bits));
    const uint8x16_t negative = vpaddq_u8(vandq_u8(vcltzq_s8(a), bits), vandq_u8(vcltzq_s8(b), bits));
    const uint8x16_t quarters = vpaddq_u8(nonzero, negative);
    vst1_u8(reinterpret_cast<uint8_t*>(to + 2 * i), vget_low_u8(vpaddq_u8(quarters, quarters)));
  }
  return vmaxvq_u8(largest) <= 2;
}

}  // namespace simd
}  // namespace
}  // namespace flashlm
