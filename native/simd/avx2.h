#pragma once

/** 8 lanes: AVX2 and FMA; with AVX-VNNI where the compiler flags enable it. scalar.h documents
 * each name. */

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#include "../src/asan.h"

#define SIMD_INLINE static inline __attribute__((always_inline))
#define SIMD_METHOD inline __attribute__((always_inline))

namespace flashlm {
namespace {
namespace simd {

constexpr int LANES = 8;
constexpr int TILE_ROWS = 6;
constexpr int TILE_VECS = 2;
constexpr int DOT_TILE_ROWS = 6;
constexpr int64_t ALL_STEPS = INT64_MAX;

using Vec = __m256;
using Mask = __m256;
using IntVec = __m256i;

SIMD_INLINE Vec zero() { return _mm256_setzero_ps(); }
SIMD_INLINE Vec broadcast(float x) { return _mm256_set1_ps(x); }
SIMD_INLINE Vec load(const float* p) { return _mm256_loadu_ps(p); }
SIMD_INLINE void store(float* p, Vec v) { _mm256_storeu_ps(p, v); }

/** All ones in the first n lanes. */
SIMD_INLINE __m256i firstLanes(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
SIMD_INLINE Vec loadPartial(const float* p, int n) {
  willRead(p, n * sizeof *p);
  return _mm256_maskload_ps(p, firstLanes(n));
}
SIMD_INLINE void storePartial(float* p, Vec v, int n) {
  willWrite(p, n * sizeof *p);
  _mm256_maskstore_ps(p, firstLanes(n), v);
}

SIMD_INLINE Vec add(Vec a, Vec b) { return _mm256_add_ps(a, b); }
SIMD_INLINE Vec sub(Vec a, Vec b) { return _mm256_sub_ps(a, b); }
SIMD_INLINE Vec mul(Vec a, Vec b) { return _mm256_mul_ps(a, b); }
SIMD_INLINE Vec div(Vec a, Vec b) { return _mm256_div_ps(a, b); }
SIMD_INLINE Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
SIMD_INLINE Vec fnma(Vec a, Vec b, Vec c) { return _mm256_fnmadd_ps(a, b, c); }
SIMD_INLINE Vec min(Vec a, Vec b) { return _mm256_min_ps(a, b); }
SIMD_INLINE Vec max(Vec a, Vec b) { return _mm256_max_ps(a, b); }
SIMD_INLINE Vec abs(Vec a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
SIMD_INLINE Vec neg(Vec a) { return _mm256_xor_ps(_mm256_set1_ps(-0.0f), a); }
SIMD_INLINE Vec sqrt(Vec a) { return _mm256_sqrt_ps(a); }
SIMD_INLINE Vec productError(Vec a, Vec b, Vec p) { return fma(a, b, neg(p)); }

SIMD_INLINE Mask greater(Vec a, Vec b) { return _mm256_cmp_ps(a, b, _CMP_GT_OQ); }
SIMD_INLINE Vec select(Mask m, Vec whenTrue, Vec whenFalse) {
  return _mm256_blendv_ps(whenFalse, whenTrue, m);
}

SIMD_INLINE float reduceAdd(Vec v) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
SIMD_INLINE float reduceMax(Vec v) {
  __m128 s = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_max_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

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
    const Vec low = _mm256_castps128_ps256(_mm_loadu_ps(p + i * stride));
    rows[i] = _mm256_insertf128_ps(low, _mm_loadu_ps(p + (4 + i) * stride), 1);
  }
  const Vec a = _mm256_unpacklo_ps(rows[0], rows[1]), b = _mm256_unpackhi_ps(rows[0], rows[1]);
  const Vec c = _mm256_unpacklo_ps(rows[2], rows[3]), d = _mm256_unpackhi_ps(rows[2], rows[3]);
  columns[0] = _mm256_shuffle_ps(a, c, 0x44);
  columns[1] = _mm256_shuffle_ps(a, c, 0xee);
  columns[2] = _mm256_shuffle_ps(b, d, 0x44);
  columns[3] = _mm256_shuffle_ps(b, d, 0xee);
}

/** 2^n for the n in the lowest bits of t, from -126 to 127. */
SIMD_INLINE Vec pow2(Vec t) {
  const __m256i exponent = _mm256_slli_epi32(_mm256_castps_si256(t), 23);
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(broadcast(1.0f)), exponent));
}
#include "divide.inl"
#include "exp.inl"

SIMD_INLINE IntVec loadCodeInts(const int8_t* p) {
  return _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
}
SIMD_INLINE IntVec loadCodeIntsPartial(const int8_t* p, int n) {
  int8_t codes[LANES] = {};
  for (int i = 0; i < n; i++) codes[i] = p[i];
  return loadCodeInts(codes);
}
SIMD_INLINE IntVec ternaryCodes(Vec x, Vec limit) {
  const __m256i above = _mm256_castps_si256(greater(x, limit)),
                below = _mm256_castps_si256(greater(neg(limit), x));
  return _mm256_sub_epi32(below, above);
}
SIMD_INLINE IntVec toCodes(Vec x) {
  return _mm256_and_si256(_mm256_cvtps_epi32(x), _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_ORD_Q)));
}
SIMD_INLINE void storeCodes(int8_t* p, IntVec i) {
  const __m128i i16 = _mm_packs_epi32(_mm256_castsi256_si128(i), _mm256_extracti128_si256(i, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packs_epi16(i16, i16));
}
SIMD_INLINE void storeCodes(int8_t* p, const IntVec (&i)[4]) {
  const __m256i packed = _mm256_packs_epi16(_mm256_packs_epi32(i[0], i[1]), _mm256_packs_epi32(i[2], i[3]));
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm256_permutevar8x32_epi32(packed, order));
}
SIMD_INLINE void storeCodesPartial(int8_t* p, IntVec i, int n) {
  int8_t codes[LANES];
  storeCodes(codes, i);
  for (int j = 0; j < n; j++) p[j] = codes[j];
}

SIMD_INLINE Vec toFloat(IntVec v) { return _mm256_cvtepi32_ps(v); }
SIMD_INLINE IntVec intBroadcast(int32_t i) { return _mm256_set1_epi32(i); }
SIMD_INLINE IntVec toInt(Vec v) { return _mm256_cvtps_epi32(v); }
SIMD_INLINE IntVec add(IntVec a, IntVec b) { return _mm256_add_epi32(a, b); }
SIMD_INLINE void storeInts(int32_t* p, IntVec v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v); }
SIMD_INLINE IntVec laneNumbers() { return _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7); }
SIMD_INLINE IntVec bitXor(IntVec a, IntVec b) { return _mm256_xor_si256(a, b); }
SIMD_INLINE void mulWide(IntVec a, uint32_t b, IntVec& high, IntVec& low) {
  const __m256i factor = _mm256_set1_epi32(static_cast<int32_t>(b));
  const __m256i even = _mm256_mul_epu32(a, factor), odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), factor);
  high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
  low = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
}
SIMD_INLINE Mask atLeast(IntVec a, uint32_t limit) {
  const __m256i least = _mm256_set1_epi32(static_cast<int32_t>(limit));
  return _mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_max_epu32(a, least), a));
}

SIMD_INLINE Vec maxBits(Vec a, Vec b) {
  return _mm256_castsi256_ps(_mm256_max_epi32(_mm256_castps_si256(a), _mm256_castps_si256(b)));
}
SIMD_INLINE float reduceMaxBits(Vec v) {
  Vec most = maxBits(v, _mm256_permute2f128_ps(v, v, 1));
  most = maxBits(most, _mm256_permute_ps(most, 0x4e));
  return _mm256_cvtss_f32(maxBits(most, _mm256_permute_ps(most, 0xb1)));
}

SIMD_INLINE Vec roundBf16(Vec v) {
  const __m256i bits = _mm256_castps_si256(v);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  const __m256i sum = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
  const Vec rounded = _mm256_castsi256_ps(_mm256_and_si256(sum, _mm256_set1_epi32(-0x10000)));
  const Vec isNumber = _mm256_cmp_ps(v, v, _CMP_ORD_Q);
  const Vec isSmall = _mm256_cmp_ps(abs(v), broadcast(0x1p-126f), _CMP_LT_OQ);
  return _mm256_andnot_ps(isSmall, _mm256_blendv_ps(v, rounded, isNumber));
}

SIMD_INLINE int32_t reduceAdd(IntVec v) {
  __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  s = _mm_add_epi32(s, _mm_unpackhi_epi64(s, s));
  return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 1)));
}

struct Sum16 {
  __m256d lanes[4] = {_mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd()};

  SIMD_INLINE Vec kept(Vec x, float keepAbove) {
    const Vec a = abs(x);
    return _mm256_and_ps(a, greater(a, broadcast(keepAbove)));
  }
  SIMD_METHOD void addEight(int first, Vec a) {
    lanes[first] = _mm256_add_pd(lanes[first], _mm256_cvtps_pd(_mm256_castps256_ps128(a)));
    lanes[first + 1] = _mm256_add_pd(lanes[first + 1], _mm256_cvtps_pd(_mm256_extractf128_ps(a, 1)));
  }
  SIMD_METHOD void add(int64_t, const Vec (&v)[4]) {
    for (int j = 0; j < 4; j++) addEight(j % 2 * 2, v[j]);
  }
  SIMD_METHOD void add(const float* x) {
    addEight(0, load(x));
    addEight(2, load(x + 8));
  }
  SIMD_METHOD void addPartial(const float* x, int n) {
    addEight(0, loadPartial(x, n));
    if (n > 8) addEight(2, loadPartial(x + 8, n - 8));
  }
  SIMD_METHOD void addAbs(const float* x) {
    addEight(0, abs(load(x)));
    addEight(2, abs(load(x + 8)));
  }
  SIMD_METHOD void addAbsPartial(const float* x, int n) {
    addEight(0, abs(loadPartial(x, n)));
    if (n > 8) addEight(2, abs(loadPartial(x + 8, n - 8)));
  }
  SIMD_METHOD void addAbsAbove(const float* x, float keepAbove) {
    addEight(0, kept(load(x), keepAbove));
    addEight(2, kept(load(x + 8), keepAbove));
  }
  SIMD_METHOD void addAbsAbovePartial(const float* x, int n, float keepAbove) {
    addEight(0, kept(loadPartial(x, n), keepAbove));
    if (n > 8) addEight(2, kept(loadPartial(x + 8, n - 8), keepAbove));
  }
  SIMD_METHOD void addEightSquares(int first, Vec x) {
    const __m256d a = _mm256_cvtps_pd(_mm256_castps256_ps128(x));
    const __m256d b = _mm256_cvtps_pd(_mm256_extractf128_ps(x, 1));
    lanes[first] = _mm256_fmadd_pd(a, a, lanes[first]);
    lanes[first + 1] = _mm256_fmadd_pd(b, b, lanes[first + 1]);
  }
  SIMD_METHOD void addSquares(const float* x) {
    addEightSquares(0, load(x));
    addEightSquares(2, load(x + 8));
  }
  SIMD_METHOD void addSquaresPartial(const float* x, int n) {
    addEightSquares(0, loadPartial(x, n));
    if (n > 8) addEightSquares(2, loadPartial(x + 8, n - 8));
  }
  SIMD_METHOD double fold() const {
    const __m256d four = _mm256_add_pd(_mm256_add_pd(lanes[0], lanes[2]), _mm256_add_pd(lanes[1], lanes[3]));
    const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
  }
};

using Quads = __m256i;
SIMD_INLINE Quads loadQuads(const uint8_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
SIMD_INLINE Quads loadSignedQuads(const int8_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
#define SIMD_TWO_BITS
struct TwoBits {
  Quads quads;
};
SIMD_INLINE TwoBits loadTwoBits(const uint8_t* p, int part) {
  return {_mm256_and_si256(_mm256_srli_epi32(loadQuads(p), 2 * part), _mm256_set1_epi8(3))};
}
SIMD_INLINE Vec twoBitFloats(const uint8_t* p, int part, int i) {
  const __m256 values = _mm256_setr_ps(-1, 0, 1, 2, -1, 0, 1, 2);
  // Of each lane the lowest two bits count.
  return _mm256_permutevar_ps(values, _mm256_srli_epi32(loadQuads(p), 8 * i + 2 * part));
}
SIMD_INLINE Quads onesQuads() { return _mm256_set1_epi8(1); }
SIMD_INLINE Quads broadcastQuad(const int8_t* p) {
  int32_t quad;
  memcpy(&quad, p, 4);
  return _mm256_set1_epi32(quad);
}
SIMD_INLINE Vec quadByte(Quads q, int i) {
  const __m256i shifted = _mm256_srl_epi32(q, _mm_cvtsi32_si128(8 * i));
  return _mm256_cvtepi32_ps(_mm256_and_si256(shifted, _mm256_set1_epi32(255)));
}

SIMD_INLINE Vec quadsOf(IntVec a, IntVec b, IntVec c, IntVec d) {
  const __m256i byte = _mm256_set1_epi32(255);
  const __m256i low =
      _mm256_or_si256(_mm256_and_si256(a, byte), _mm256_slli_epi32(_mm256_and_si256(b, byte), 8));
  const __m256i high =
      _mm256_or_si256(_mm256_slli_epi32(_mm256_and_si256(c, byte), 16), _mm256_slli_epi32(d, 24));
  return _mm256_castsi256_ps(_mm256_or_si256(low, high));
}

// The element type of the compiler's built-in functions: with __m256i, gcc 12 sees a conversion at every step
// and also stores each accumulator to memory.
#ifdef __AVXVNNI__
typedef int32_t DotSum __attribute__((vector_size(32)));
#define SIMD_INT8_DOT
constexpr int CODE_OFFSET = 128;
constexpr int64_t DOT_STEPS = ALL_STEPS;
SIMD_INLINE DotSum dot(DotSum sum, Quads w, Quads x) {
  return reinterpret_cast<DotSum>(_mm256_dpbusd_avx_epi32(reinterpret_cast<__m256i>(sum), w, x));
}
SIMD_INLINE IntVec widenAdd(IntVec total, DotSum sum) {
  return _mm256_add_epi32(total, reinterpret_cast<__m256i>(sum));
}
#else
typedef uint16_t DotSum __attribute__((vector_size(32)));
// int16 pairs: 64 steps of at most 2 * (2 * -128) reach -32768 exactly. Unsigned, because invalid packed
// weights may go further, and must then wrap.
constexpr int DOT_STEPS = 64;
SIMD_INLINE DotSum dot(DotSum sum, Quads w, Quads x) {
  return sum + reinterpret_cast<DotSum>(_mm256_maddubs_epi16(w, x));
}
SIMD_INLINE IntVec widenAdd(IntVec total, DotSum sum) {
  return _mm256_add_epi32(total, _mm256_madd_epi16(reinterpret_cast<__m256i>(sum), _mm256_set1_epi16(1)));
}

#define SIMD_INT16_DOT
typedef int32_t PairSum __attribute__((vector_size(32)));
SIMD_INLINE PairSum pairDot(PairSum sum, PairSum w, PairSum x) {
  return sum + reinterpret_cast<PairSum>(
                   _mm256_madd_epi16(reinterpret_cast<__m256i>(w), reinterpret_cast<__m256i>(x)));
}
SIMD_INLINE PairSum loadPairs(const float* p) { return reinterpret_cast<PairSum>(load(p)); }
SIMD_INLINE PairSum broadcastPair(const float* p) { return reinterpret_cast<PairSum>(broadcast(*p)); }
SIMD_INLINE Vec pairsOf(IntVec a, IntVec b) {
  return _mm256_castsi256_ps(_mm256_blend_epi16(a, _mm256_slli_epi32(b, 16), 0xaa));
}
#endif
SIMD_INLINE DotSum dot(DotSum sum, TwoBits w, Quads x) {
  sum = dot(sum, w.quads, x);
  // Keeps gcc from adding up the products of all parts first: it has no registers for those of more than one
  // row.
  asm("" : "+x"(sum));
  return sum;
}
SIMD_INLINE DotSum dotZero() { return DotSum{}; }

}  // namespace simd
}  // namespace
}  // namespace flashlm
