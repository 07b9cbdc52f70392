#pragma once

/**
 * 16 lanes: AVX-512 F, BW, DQ and VL; with VNNI, VPOPCNTDQ, BF16 and AMX where the compiler flags enable
 * them. scalar.h documents each name.
 */

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#include "../src/asan.h"

#define SIMD_INLINE static inline __attribute__((always_inline))
#define SIMD_METHOD inline __attribute__((always_inline))

namespace flashlm {
namespace {
namespace simd {

constexpr int LANES = 16;
constexpr int TILE_ROWS = 8;
constexpr int TILE_VECS = 3;
constexpr int DOT_TILE_ROWS = 8;
constexpr int64_t ALL_STEPS = INT64_MAX;

using Vec = __m512;
using Mask = __mmask16;
using IntVec = __m512i;

SIMD_INLINE Vec zero() { return _mm512_setzero_ps(); }
SIMD_INLINE Vec broadcast(float x) { return _mm512_set1_ps(x); }
SIMD_INLINE Vec load(const float* p) { return _mm512_loadu_ps(p); }
SIMD_INLINE void store(float* p, Vec v) { _mm512_storeu_ps(p, v); }

/** The first n lanes. */
SIMD_INLINE Mask firstLanes(int n) { return static_cast<Mask>((1u << n) - 1); }
SIMD_INLINE Vec loadPartial(const float* p, int n) {
  willRead(p, n * sizeof *p);
  return _mm512_maskz_loadu_ps(firstLanes(n), p);
}
SIMD_INLINE void storePartial(float* p, Vec v, int n) {
  willWrite(p, n * sizeof *p);
  _mm512_mask_storeu_ps(p, firstLanes(n), v);
}

SIMD_INLINE Vec add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
SIMD_INLINE Vec sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
SIMD_INLINE Vec mul(Vec a, Vec b) { return _mm512_mul_ps(a, b); }
SIMD_INLINE Vec div(Vec a, Vec b) { return _mm512_div_ps(a, b); }
SIMD_INLINE Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
SIMD_INLINE Vec fnma(Vec a, Vec b, Vec c) { return _mm512_fnmadd_ps(a, b, c); }
SIMD_INLINE Vec min(Vec a, Vec b) { return _mm512_min_ps(a, b); }
SIMD_INLINE Vec max(Vec a, Vec b) { return _mm512_max_ps(a, b); }
SIMD_INLINE Vec abs(Vec a) { return _mm512_abs_ps(a); }
SIMD_INLINE Vec neg(Vec a) { return _mm512_xor_ps(_mm512_set1_ps(-0.0f), a); }
SIMD_INLINE Vec sqrt(Vec a) { return _mm512_sqrt_ps(a); }
SIMD_INLINE Vec productError(Vec a, Vec b, Vec p) { return fma(a, b, neg(p)); }

SIMD_INLINE Mask greater(Vec a, Vec b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
SIMD_INLINE Vec select(Mask m, Vec whenTrue, Vec whenFalse) {
  return _mm512_mask_blend_ps(m, whenFalse, whenTrue);
}

SIMD_INLINE float reduceAdd(Vec v) { return _mm512_reduce_add_ps(v); }
SIMD_INLINE float reduceMax(Vec v) { return _mm512_reduce_max_ps(v); }

SIMD_INLINE void transpose4(float* to, int64_t toStride, const float* from, int64_t fromStride) {
  __m128 r0 = _mm_loadu_ps(from), r1 = _mm_loadu_ps(from + fromStride);
  __m128 r2 = _mm_loadu_ps(from + 2 * fromStride), r3 = _mm_loadu_ps(from + 3 * fromStride);
  _MM_TRANSPOSE4_PS(r0, r1, r2, r3);
  _mm_storeu_ps(to, r0);
  _mm_storeu_ps(to + toStride, r1);
  _mm_storeu_ps(to + 2 * toStride, r2);
  _mm_storeu_ps(to + 3 * toStride, r3);
}

SIMD_INLINE void loadColumns(const float* p, int64_t stride, Vec (&columns)[4]) {
  Vec rows[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    const auto four = [=](int j) { return _mm_loadu_ps(p + (4 * j + i) * stride); };
    rows[i] = _mm512_castps128_ps512(four(0));
    rows[i] = _mm512_insertf32x4(rows[i], four(1), 1);
    rows[i] = _mm512_insertf32x4(rows[i], four(2), 2);
    rows[i] = _mm512_insertf32x4(rows[i], four(3), 3);
  }
  const Vec a = _mm512_unpacklo_ps(rows[0], rows[1]), b = _mm512_unpackhi_ps(rows[0], rows[1]);
  const Vec c = _mm512_unpacklo_ps(rows[2], rows[3]), d = _mm512_unpackhi_ps(rows[2], rows[3]);
  columns[0] = _mm512_shuffle_ps(a, c, 0x44);
  columns[1] = _mm512_shuffle_ps(a, c, 0xee);
  columns[2] = _mm512_shuffle_ps(b, d, 0x44);
  columns[3] = _mm512_shuffle_ps(b, d, 0xee);
}

/** 2^n for the n in the lowest bits of t, from -126 to 127. */
SIMD_INLINE Vec pow2(Vec t) {
  const __m512i exponent = _mm512_slli_epi32(_mm512_castps_si512(t), 23);
  return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(broadcast(1.0f)), exponent));
}
#include "divide.inl"
#include "exp.inl"

SIMD_INLINE IntVec loadCodeInts(const int8_t* p) {
  return _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
SIMD_INLINE IntVec loadCodeIntsPartial(const int8_t* p, int n) {
  willRead(p, n);
  return _mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(firstLanes(n), p));
}
SIMD_INLINE IntVec ternaryCodes(Vec x, Vec limit) {
  const __m512i sign = _mm512_srai_epi32(_mm512_castps_si512(x), 31);
  return _mm512_maskz_or_epi32(greater(abs(x), limit), sign, _mm512_set1_epi32(1));
}
SIMD_INLINE IntVec toCodes(Vec x) {
  return _mm512_maskz_cvtps_epi32(_mm512_cmp_ps_mask(x, x, _CMP_ORD_Q), x);
}
SIMD_INLINE void storeCodes(int8_t* p, IntVec i) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtsepi32_epi8(i));
}
SIMD_INLINE void storeCodes(int8_t* p, const IntVec (&i)[4]) {
  const __m512i packed = _mm512_packs_epi16(_mm512_packs_epi32(i[0], i[1]), _mm512_packs_epi32(i[2], i[3]));
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  _mm512_storeu_si512(p, _mm512_permutexvar_epi32(order, packed));
}
SIMD_INLINE void storeCodesPartial(int8_t* p, IntVec i, int n) {
  willWrite(p, n);
  _mm_mask_storeu_epi8(p, firstLanes(n), _mm512_cvtsepi32_epi8(i));
}

SIMD_INLINE Vec toFloat(IntVec v) { return _mm512_cvtepi32_ps(v); }
SIMD_INLINE IntVec intBroadcast(int32_t i) { return _mm512_set1_epi32(i); }
SIMD_INLINE IntVec toInt(Vec v) { return _mm512_cvtps_epi32(v); }
SIMD_INLINE IntVec add(IntVec a, IntVec b) { return _mm512_add_epi32(a, b); }
SIMD_INLINE void storeInts(int32_t* p, IntVec v) { _mm512_storeu_si512(p, v); }
SIMD_INLINE IntVec laneNumbers() {
  return _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
SIMD_INLINE IntVec bitXor(IntVec a, IntVec b) { return _mm512_xor_si512(a, b); }
SIMD_INLINE void mulWide(IntVec a, uint32_t b, IntVec& high, IntVec& low) {
  const __m512i factor = _mm512_set1_epi32(static_cast<int32_t>(b));
  const __m512i even = _mm512_mul_epu32(a, factor), odd = _mm512_mul_epu32(_mm512_srli_epi64(a, 32), factor);
  high = _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 32), odd);
  low = _mm512_mask_blend_epi32(0xaaaa, even, _mm512_slli_epi64(odd, 32));
}
SIMD_INLINE Mask atLeast(IntVec a, uint32_t limit) {
  return _mm512_cmpge_epu32_mask(a, _mm512_set1_epi32(static_cast<int32_t>(limit)));
}
SIMD_INLINE int32_t reduceAdd(IntVec v) { return _mm512_reduce_add_epi32(v); }

SIMD_INLINE Vec maxBits(Vec a, Vec b) {
  return _mm512_castsi512_ps(_mm512_max_epi32(_mm512_castps_si512(a), _mm512_castps_si512(b)));
}
SIMD_INLINE float reduceMaxBits(Vec v) {
  const int32_t most = _mm512_reduce_max_epi32(_mm512_castps_si512(v));
  return _mm_cvtss_f32(_mm_castsi128_ps(_mm_cvtsi32_si128(most)));
}

SIMD_INLINE Vec roundBf16(Vec v) {
  const __m512i bits = _mm512_castps_si512(v);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i sum = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
  const Vec rounded = _mm512_castsi512_ps(_mm512_and_si512(sum, _mm512_set1_epi32(-0x10000)));
  const Mask isNumber = _mm512_cmp_ps_mask(v, v, _CMP_ORD_Q);
  const Mask isSmall = _mm512_cmp_ps_mask(abs(v), broadcast(0x1p-126f), _CMP_LT_OQ);
  return _mm512_mask_blend_ps(isSmall, _mm512_mask_blend_ps(isNumber, v, rounded), zero());
}

#ifdef __AVX512BF16__
#define SIMD_BF16_DOT
SIMD_INLINE Vec bf16Dot(Vec sum, Vec w, Vec x) {
  return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(w), reinterpret_cast<__m512bh>(x));
}
SIMD_INLINE Vec bf16Pairs(Vec a, Vec b) {
  const __m512i halves = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(b, a));
  const __m512i zipped = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7,
                                          22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_castsi512_ps(_mm512_permutexvar_epi16(zipped, halves));
}
SIMD_INLINE Vec bf16Row(const float* p) {
  return reinterpret_cast<Vec>(_mm512_cvtne2ps_pbh(load(p + LANES), load(p)));
}
#endif

struct Sum16 {
  __m512d low = _mm512_setzero_pd(), high = _mm512_setzero_pd();

  SIMD_METHOD void addHalves(__m512d a, __m512d b) {
    low = _mm512_add_pd(low, a);
    high = _mm512_add_pd(high, b);
  }
  SIMD_METHOD void addSixteen(Vec x) {
    addHalves(_mm512_cvtps_pd(_mm512_castps512_ps256(x)), _mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1)));
  }
  SIMD_METHOD void addKept(Vec x, float keepAbove) {
    const Vec a = abs(x);
    addSixteen(_mm512_maskz_mov_ps(greater(a, broadcast(keepAbove)), a));
  }
  SIMD_METHOD void add(int64_t, const Vec (&v)[4]) {
    for (const Vec& sixteen : v) addSixteen(sixteen);
  }
  SIMD_METHOD void add(const float* x) { addSixteen(load(x)); }
  SIMD_METHOD void addPartial(const float* x, int n) { addSixteen(loadPartial(x, n)); }
  // Each half is loaded: extracting the upper half of a register costs more than a load.
  SIMD_METHOD void addAbs(const float* x) {
    addHalves(_mm512_abs_pd(_mm512_cvtps_pd(_mm256_loadu_ps(x))),
              _mm512_abs_pd(_mm512_cvtps_pd(_mm256_loadu_ps(x + 8))));
  }
  SIMD_METHOD void addAbsPartial(const float* x, int n) { addSixteen(abs(loadPartial(x, n))); }
  SIMD_METHOD void addAbsAbove(const float* x, float keepAbove) { addKept(load(x), keepAbove); }
  SIMD_METHOD void addAbsAbovePartial(const float* x, int n, float keepAbove) {
    addKept(loadPartial(x, n), keepAbove);
  }
  SIMD_METHOD void addSquaresOf(Vec x) {
    const __m512d a = _mm512_cvtps_pd(_mm512_castps512_ps256(x));
    const __m512d b = _mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1));
    low = _mm512_fmadd_pd(a, a, low);
    high = _mm512_fmadd_pd(b, b, high);
  }
  SIMD_METHOD void addSquares(const float* x) { addSquaresOf(load(x)); }
  SIMD_METHOD void addSquaresPartial(const float* x, int n) { addSquaresOf(loadPartial(x, n)); }
  SIMD_METHOD double fold() const {
    const __m512d eight = _mm512_add_pd(low, high);
    const __m256d four = _mm256_add_pd(_mm512_castpd512_pd256(eight), _mm512_extractf64x4_pd(eight, 1));
    const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
  }
};

using Quads = __m512i;

SIMD_INLINE Quads loadQuads(const uint8_t* p) { return _mm512_loadu_si512(p); }
SIMD_INLINE Quads loadSignedQuads(const int8_t* p) { return _mm512_loadu_si512(p); }
SIMD_INLINE Quads onesQuads() { return _mm512_set1_epi8(1); }
SIMD_INLINE Quads broadcastQuad(const int8_t* p) {
  int32_t quad;
  memcpy(&quad, p, 4);
  return _mm512_set1_epi32(quad);
}
SIMD_INLINE Vec quadByte(Quads q, int i) {
  const __m512i shifted = _mm512_srl_epi32(q, _mm_cvtsi32_si128(8 * i));
  return _mm512_cvtepi32_ps(_mm512_and_si512(shifted, _mm512_set1_epi32(255)));
}

SIMD_INLINE Vec quadsOf(IntVec a, IntVec b, IntVec c, IntVec d) {
  const __m512i byte = _mm512_set1_epi32(255);
  const __m512i low =
      _mm512_or_si512(_mm512_and_si512(a, byte), _mm512_slli_epi32(_mm512_and_si512(b, byte), 8));
  const __m512i high =
      _mm512_or_si512(_mm512_slli_epi32(_mm512_and_si512(c, byte), 16), _mm512_slli_epi32(d, 24));
  return _mm512_castsi512_ps(_mm512_or_si512(low, high));
}

// DotSum has the element type of the compiler's built-in functions: with __m512i, gcc 12 sees a conversion at
// every step and also stores each accumulator to memory, at half the speed.
#ifdef __AVX512VNNI__
typedef int32_t DotSum __attribute__((vector_size(64)));
#define SIMD_INT8_DOT
constexpr int CODE_OFFSET = 128;
constexpr int64_t DOT_STEPS = ALL_STEPS;
SIMD_INLINE DotSum dot(DotSum sum, Quads w, Quads x) {
  return reinterpret_cast<DotSum>(_mm512_dpbusd_epi32(reinterpret_cast<__m512i>(sum), w, x));
}
SIMD_INLINE IntVec widenAdd(IntVec total, DotSum sum) {
  return _mm512_add_epi32(total, reinterpret_cast<__m512i>(sum));
}
#else
typedef uint16_t DotSum __attribute__((vector_size(64)));
// int16 pairs: 64 steps of at most 2 * (2 * -128) reach -32768 exactly. Unsigned: see avx2.h.
constexpr int DOT_STEPS = 64;
SIMD_INLINE DotSum dot(DotSum sum, Quads w, Quads x) {
  return sum + reinterpret_cast<DotSum>(_mm512_maddubs_epi16(w, x));
}
SIMD_INLINE IntVec widenAdd(IntVec total, DotSum sum) {
  return _mm512_add_epi32(total, _mm512_madd_epi16(reinterpret_cast<__m512i>(sum), _mm512_set1_epi16(1)));
}
#endif
SIMD_INLINE DotSum dotZero() { return DotSum{}; }

#ifndef __AMX_TILE__  // tile registers multiply bytes faster than bits are counted
#define SIMD_BIT_PLANES
#endif
SIMD_INLINE bool makePlanes(uint32_t* to, const int8_t* codes, int64_t words) {
  __m512i largest = _mm512_setzero_si512();  // of the codes plus one: not above 2 if all are ternary
  const auto planes = [&](uint32_t* pairs, __m512i c, int count) {
    largest = _mm512_max_epu8(largest, _mm512_add_epi8(c, _mm512_set1_epi8(1)));
    const uint64_t nonzero = _mm512_test_epi8_mask(c, c), negative = _mm512_movepi8_mask(c);
    for (int i = 0; i < count; i++) {
      pairs[2 * i] = static_cast<uint32_t>(nonzero >> 32 * i);
      pairs[2 * i + 1] = static_cast<uint32_t>(negative >> 32 * i);
    }
  };
  int64_t i = 0;
  for (; i + 2 <= words; i += 2) planes(to + 2 * i, _mm512_loadu_si512(codes + 32 * i), 2);
  if (i < words) {
    const __m256i half = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + 32 * i));
    planes(to + 2 * i, _mm512_zextsi256_si512(half), 1);
  }
  return _mm512_cmpgt_epu8_mask(largest, _mm512_set1_epi8(2)) == 0;
}

#ifdef __AVX512VPOPCNTDQ__
#define SIMD_POPCOUNT
// Element type: as for DotSum.
typedef int32_t Words __attribute__((vector_size(64)));
struct Planes {
  Words nonzero, negative;
};
/** Two sums: folding them at every step would cost two instructions on top of six. */
struct BitSum {
  Words both, differ;
};
constexpr int BIT_TILE_ROWS = 4;
constexpr int64_t BIT_STEPS = ALL_STEPS;
SIMD_INLINE BitSum bitZero() { return {Words{}, Words{}}; }
SIMD_INLINE Planes loadPlanes(const uint8_t* p) {
  Planes planes = {reinterpret_cast<Words>(_mm512_loadu_si512(p)),
                   reinterpret_cast<Words>(_mm512_loadu_si512(p + 64))};
  // Keeps one plane in a register for all rows. gcc would load both for each row, which saturates the load
  // ports; there are not enough registers for both.
  asm("" : "+v"(planes.nonzero));
  return planes;
}
SIMD_INLINE Planes broadcastPlanes(const uint32_t* p) {
  return {reinterpret_cast<Words>(_mm512_set1_epi32(static_cast<int32_t>(p[0]))),
          reinterpret_cast<Words>(_mm512_set1_epi32(static_cast<int32_t>(p[1])))};
}
SIMD_INLINE Words countBits(__m512i a) { return reinterpret_cast<Words>(_mm512_popcnt_epi32(a)); }
SIMD_INLINE BitSum dot(BitSum sum, Planes w, Planes x) {
  constexpr int AND_OF_XOR = 0x60;  // a & (b ^ c)
  const __m512i both = reinterpret_cast<__m512i>(w.nonzero & x.nonzero);
  const __m512i differ = _mm512_ternarylogic_epi32(both, reinterpret_cast<__m512i>(w.negative),
                                                   reinterpret_cast<__m512i>(x.negative), AND_OF_XOR);
  return {sum.both + countBits(both), sum.differ + countBits(differ)};
}
SIMD_INLINE IntVec widenAdd(IntVec total, BitSum sum) {
  return reinterpret_cast<IntVec>(reinterpret_cast<Words>(total) + (sum.both - (sum.differ + sum.differ)));
}
#endif

#ifdef __AMX_TILE__
#include "amx.h"
#endif

}  // namespace simd
}  // namespace
}  // namespace flashlm
