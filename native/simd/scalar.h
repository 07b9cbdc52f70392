#pragma once

/**
 * The portable one of the SIMD wrappers {scalar, avx2, avx512, neon}.h. Each wraps one register width under
 * the same names, so that a kernel is written once and compiled per instruction set. Here a register is one
 * float.
 *
 *   LANES                     float32 values in a register
 *   Vec, Mask, IntVec         LANES float32 values / truth values / int32 values
 *   TILE_ROWS, TILE_VECS      output tile of the float GEMM that fits the register file: rows x registers
 *   DOT_TILE_ROWS             rows of the integer GEMM's tile; it is TILE_VECS registers wide too
 *
 *   zero broadcast(x)
 *   load(p) store(p, v)       any alignment
 *   loadPartial(p, n) storePartial(p, v, n)
 *                             touch n <= LANES elements only; other lanes load as 0
 *   add sub mul div           (a, b)
 *   min max                   (a, b): NaN when b is; when only a is, it depends on the instruction set
 *   fma fnma                  (a, b, c): a * b + c and c - a * b; one rounding, except here, where it is two
 *   abs neg sqrt
 *   productError(a, b, p)     a * b - p with one rounding, where p = mul(a, b)
 *   divide(x, s, r)           x / s, given r = 1 / s, where neither is subnormal; NaN or 0 where s is
 * infinite expMinus(a)               a[j] = e^-a[j] for N registers of values >= 0: relative error < 2e-7; 0
 * above 87.33; NaN of NaN greater(a, b)             Mask of a > b;  select(mask, whenTrue, whenFalse)
 *   reduceAdd reduceMax       over the lanes, in halves; reduceAdd takes IntVec too
 *   loadCodeInts(p) loadCodeIntsPartial(p, n)
 *                             int8 codes as IntVec
 *   ternaryCodes(x, limit)    IntVec: 1 where x > limit, -1 where x < -limit, else 0; 0 for NaN
 *   toCodes(x)                IntVec of x rounded half to even; 0 for NaN
 *   storeCodes(p, i) storeCodesPartial(p, i, n)
 *                             int32 saturated to int8; i may be four registers
 *   transpose4(to, toStride, from, fromStride)
 *                             4 x 4 floats; strides count floats
 *   loadColumns(p, stride, columns)
 *                             columns[i], i < 4: lane j is p[j * stride + i]
 *   toFloat(i) toInt(v) intBroadcast(x) storeInts(p, i)
 *                             toInt rounds half to even
 *   laneNumbers()             IntVec of 0, 1, 2, ...
 *   bitXor(a, b)              of IntVec
 *   mulWide(a, b, high, low)  both halves of the 64-bit products of unsigned integers; b is a scalar
 *   atLeast(a, limit)         Mask of a >= limit, as unsigned integers
 *   maxBits(a, b) reduceMaxBits(v)
 *                             maximum as integers, of floats without a sign: a NaN wins
 *   roundBf16(v)              to bf16, half to even; flushes subnormal numbers to 0
 *   Sum16                     float64 sum in a fixed order, see below
 *
 * Integer dot products take four int8 at a time, a quad: lane i of `Quads` holds four bytes of column i.
 *
 *   loadQuads(p) loadSignedQuads(p)
 *                             LANES quads of unsigned / of signed codes
 *   broadcastQuad(p)          one quad of signed codes in every lane;  onesQuads(): all codes 1
 *   quadByte(q, i)            byte i of each quad as float
 *   quadsOf(a, b, c, d)       lane i holds the low bytes of a[i], b[i], c[i] and d[i]
 *   dotZero dot(sum, w, x)    sum[i] += w[i] . x[i], w unsigned, x signed; DotSum may be narrower than int32
 *   DOT_STEPS                 how many dot() a DotSum can take when all w <= 2; ALL_STEPS: as wide as int32
 *   widenAdd(total, sum)      IntVec total + the finished sums
 *
 * With SIMD_INT8_DOT, dot is exact for all codes: w + CODE_OFFSET, each a byte, and x from -128 to 127.
 *
 * A wrapper that multiplies bf16 (SIMD_BF16_DOT) keeps two values in a lane of Vec:
 *
 *   bf16Dot(sum, w, x)        sum[i] += w[i] . x[i]
 *   bf16Pairs(a, b)           lane i holds a[i] and b[i], rounded as by roundBf16
 *   bf16Row(p)                2 LANES consecutive values, rounded
 *
 * With SIMD_TWO_BITS, few rows are multiplied with ternary weights of two bits each
 * (kernels/ternary_pack.inl); dot takes them too:
 *
 *   loadTwoBits(p, part)      TwoBits: LANES quads of the codes at bits 2 part of the bytes
 *   twoBitFloats(p, part, i)  LANES weights as floats: byte i of each of those quads
 *
 * An instruction set that counts bits, or has an extension that does, packs ternary weights as bit planes too
 * (see kernels/bit_planes.inl): its wrapper defines SIMD_BIT_PLANES and
 *
 *   makePlanes(to, codes, n)  n pairs of words of 32 n codes; whether all codes are ternary
 *
 * Where it counts bits, it defines SIMD_POPCOUNT. Products of ternary codes then go 32 at a time; dot and
 * widenAdd take these types too.
 *
 *   Planes                    lane i holds two words of column i: which codes are not 0, which are negative
 *   loadPlanes(p)             LANES first words, then LANES second ones
 *   broadcastPlanes(p)        one pair of words in every lane
 *   bitZero BIT_STEPS BitSum BIT_TILE_ROWS
 *                             as for quads
 *
 * Where tile registers, of LANES rows of LANES lanes, form the products of bf16 pairs and of quads
 * (SIMD_TILES), the wrapper has Bf16Tiles and QuadTiles. Tile registers go by their numbers:
 *
 *   IS_TILED DEPTH            true; LANES: the steps that one instruction takes
 *   Registers                 enables tile registers on its thread during its lifetime
 *   zero<T>() load<T>(p, stride) store<T>(p, stride)
 *                             tile register T; strides count bytes
 *   dot<S, A, B>()            S[i][j] += sum over s of A[i][s] . B[s][j]; all codes have a sign
 *   transpose(rows)           LANES registers of LANES lanes
 */

#include <stdint.h>
#include <string.h>

#define SIMD_INLINE static inline __attribute__((always_inline))
#define SIMD_METHOD inline __attribute__((always_inline))

namespace flashlm {
namespace {
namespace simd {

constexpr int LANES = 1;
constexpr int TILE_ROWS = 4;
constexpr int TILE_VECS = 4;
constexpr int DOT_TILE_ROWS = 2;
constexpr int64_t ALL_STEPS = INT64_MAX;

using Vec = float;
using Mask = bool;
using IntVec = int32_t;

SIMD_INLINE Vec zero() { return 0.0f; }
SIMD_INLINE Vec broadcast(float x) { return x; }
SIMD_INLINE Vec load(const float* p) { return *p; }
SIMD_INLINE void store(float* p, Vec v) { *p = v; }
SIMD_INLINE Vec loadPartial(const float* p, int n) { return n > 0 ? *p : 0.0f; }
SIMD_INLINE void storePartial(float* p, Vec v, int n) {
  if (n > 0) *p = v;
}

SIMD_INLINE Vec add(Vec a, Vec b) { return a + b; }
SIMD_INLINE Vec sub(Vec a, Vec b) { return a - b; }
SIMD_INLINE Vec mul(Vec a, Vec b) { return a * b; }
SIMD_INLINE Vec div(Vec a, Vec b) { return a / b; }
// Two roundings: without hardware support, a fused multiply-add is a library call per element.
SIMD_INLINE Vec fma(Vec a, Vec b, Vec c) { return a * b + c; }
SIMD_INLINE Vec fnma(Vec a, Vec b, Vec c) { return c - a * b; }
SIMD_INLINE Vec min(Vec a, Vec b) { return a < b ? a : b; }
SIMD_INLINE Vec max(Vec a, Vec b) { return a > b ? a : b; }
SIMD_INLINE Vec abs(Vec a) { return __builtin_fabsf(a); }
SIMD_INLINE Vec neg(Vec a) { return -a; }
SIMD_INLINE Vec sqrt(Vec a) { return __builtin_sqrtf(a); }
SIMD_INLINE Vec productError(Vec a, Vec b, Vec p) {
  return static_cast<float>(static_cast<double>(a) * b - p);
}
SIMD_INLINE Vec divide(Vec x, Vec s, Vec) { return x / s; }

SIMD_INLINE Mask greater(Vec a, Vec b) { return a > b; }
SIMD_INLINE Vec select(Mask m, Vec whenTrue, Vec whenFalse) { return m ? whenTrue : whenFalse; }

SIMD_INLINE float reduceAdd(Vec v) { return v; }
SIMD_INLINE float reduceMax(Vec v) { return v; }

SIMD_INLINE void transpose4(float* to, int64_t toStride, const float* from, int64_t fromStride) {
  for (int r = 0; r < 4; r++) {
    for (int c = 0; c < 4; c++) to[r * toStride + c] = from[c * fromStride + r];
  }
}

SIMD_INLINE void loadColumns(const float* p, int64_t, Vec (&columns)[4]) {
  for (int i = 0; i < 4; i++) columns[i] = p[i];
}

template <int N>
SIMD_INLINE void expMinus(Vec (&x)[N]) {
  for (Vec& a : x) a = a > 87.33f ? 0.0f : __builtin_expf(-a);
}

SIMD_INLINE Vec toFloat(IntVec v) { return static_cast<float>(v); }
SIMD_INLINE IntVec loadCodeInts(const int8_t* p) { return *p; }
SIMD_INLINE IntVec loadCodeIntsPartial(const int8_t* p, int n) { return n > 0 ? *p : 0; }
SIMD_INLINE IntVec ternaryCodes(Vec x, Vec limit) { return (x > limit) - (x < -limit); }
SIMD_INLINE IntVec toCodes(Vec x) {
  return x != x ? 0 : static_cast<int32_t>(__builtin_rintf(max(min(x, 127.0f), -128.0f)));
}
SIMD_INLINE void storeCodes(int8_t* p, IntVec i) {
  *p = static_cast<int8_t>(i > 127 ? 127 : i < -128 ? -128 : i);
}
SIMD_INLINE void storeCodes(int8_t* p, const IntVec (&i)[4]) {
  for (int j = 0; j < 4; j++) storeCodes(p + j, i[j]);
}
SIMD_INLINE void storeCodesPartial(int8_t* p, IntVec i, int n) {
  if (n > 0) storeCodes(p, i);
}

SIMD_INLINE IntVec intBroadcast(int32_t i) { return i; }
SIMD_INLINE IntVec toInt(Vec v) {
  // Out of range, and NaN, as x86 converts them: the result is never used, but must not be undefined
  // behaviour.
  return v >= -2147483648.0f && v < 2147483648.0f ? static_cast<int32_t>(__builtin_rintf(v)) : INT32_MIN;
}
SIMD_INLINE IntVec add(IntVec a, IntVec b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
}
SIMD_INLINE void storeInts(int32_t* p, IntVec v) { *p = v; }
SIMD_INLINE IntVec laneNumbers() { return 0; }
SIMD_INLINE IntVec bitXor(IntVec a, IntVec b) { return a ^ b; }
SIMD_INLINE void mulWide(IntVec a, uint32_t b, IntVec& high, IntVec& low) {
  const uint64_t product = static_cast<uint64_t>(static_cast<uint32_t>(a)) * b;
  high = static_cast<int32_t>(product >> 32);
  low = static_cast<int32_t>(product);
}
SIMD_INLINE Mask atLeast(IntVec a, uint32_t limit) { return static_cast<uint32_t>(a) >= limit; }
SIMD_INLINE int32_t reduceAdd(IntVec v) { return v; }

SIMD_INLINE Vec maxBits(Vec a, Vec b) {
  int32_t x, y;
  memcpy(&x, &a, 4);
  memcpy(&y, &b, 4);
  return x > y ? a : b;
}
SIMD_INLINE float reduceMaxBits(Vec v) { return v; }

SIMD_INLINE Vec roundBf16(Vec v) {
  if (v != v) return v;
  if (abs(v) < 0x1p-126f) return 0.0f;
  uint32_t bits;
  memcpy(&bits, &v, 4);
  bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u;
  memcpy(&v, &bits, 4);
  return v;
}

/**
 * Sum in float64 over SUM_LANES interleaved lanes (core/kernels.ts), the order that every instruction set
 * follows bit for bit: of x, of |x|, of the |x| above a limit (NaN is skipped), or of x * x (exact in
 * float64, fused or not). Each call takes 16 elements; only the last of a row may be partial. `add(i, v)`
 * takes four registers instead, the elements from i, a multiple of their number.
 */
struct Sum16 {
  double lanes[16] = {};

  SIMD_METHOD void add(int64_t i, const Vec (&v)[4]) {
    for (int j = 0; j < 4; j++) lanes[(i + j) % 16] += v[j];
  }
  SIMD_METHOD void add(const float* x) { addPartial(x, 16); }
  SIMD_METHOD void addPartial(const float* x, int n) {
    for (int j = 0; j < n; j++) lanes[j] += x[j];
  }
  SIMD_METHOD void addAbs(const float* x) { addAbsPartial(x, 16); }
  SIMD_METHOD void addAbsPartial(const float* x, int n) {
    for (int j = 0; j < n; j++) lanes[j] += abs(x[j]);
  }
  SIMD_METHOD void addAbsAbove(const float* x, float keepAbove) { addAbsAbovePartial(x, 16, keepAbove); }
  SIMD_METHOD void addAbsAbovePartial(const float* x, int n, float keepAbove) {
    for (int j = 0; j < n; j++) {
      const float a = __builtin_fabsf(x[j]);
      lanes[j] += a > keepAbove ? a : 0.0f;
    }
  }
  SIMD_METHOD void addSquares(const float* x) { addSquaresPartial(x, 16); }
  SIMD_METHOD void addSquaresPartial(const float* x, int n) {
    for (int j = 0; j < n; j++) lanes[j] += static_cast<double>(x[j]) * x[j];
  }
  SIMD_METHOD double fold() const {
    double folded[8];
    for (int j = 0; j < 8; j++) folded[j] = lanes[j] + lanes[j + 8];
    for (int half = 4; half >= 1; half /= 2) {
      for (int j = 0; j < half; j++) folded[j] += folded[j + half];
    }
    return folded[0];
  }
};

using Quads = uint32_t;
using DotSum = int32_t;
constexpr int64_t DOT_STEPS = ALL_STEPS;

SIMD_INLINE Quads loadQuads(const uint8_t* p) {
  Quads q;
  memcpy(&q, p, 4);
  return q;
}
SIMD_INLINE Quads loadSignedQuads(const int8_t* p) {
  Quads q;
  memcpy(&q, p, 4);
  return q;
}
SIMD_INLINE Quads onesQuads() { return 0x01010101u; }
SIMD_INLINE Quads broadcastQuad(const int8_t* p) {
  Quads q;
  memcpy(&q, p, 4);
  return q;
}
SIMD_INLINE Vec quadByte(Quads q, int i) { return static_cast<float>(q >> 8 * i & 255); }
SIMD_INLINE Vec quadsOf(IntVec a, IntVec b, IntVec c, IntVec d) {
  const uint8_t bytes[4] = {static_cast<uint8_t>(a), static_cast<uint8_t>(b), static_cast<uint8_t>(c),
                            static_cast<uint8_t>(d)};
  Vec quad;
  memcpy(&quad, bytes, 4);
  return quad;
}
SIMD_INLINE DotSum dotZero() { return 0; }
SIMD_INLINE DotSum dot(DotSum sum, Quads w, Quads x) {
  for (int shift = 0; shift < 32; shift += 8) {
    sum += static_cast<int32_t>(w >> shift & 255) * static_cast<int8_t>(x >> shift & 255);
  }
  return sum;
}
SIMD_INLINE IntVec widenAdd(IntVec total, DotSum sum) { return total + sum; }

}  // namespace simd
}  // namespace
}  // namespace flashlm
