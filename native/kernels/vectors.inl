#pragma once

#include <string.h>

#include "../src/context.h"
#include "../src/parallel.h"

// Loops over float arrays in whole registers and a tail. A body is written once, with take and put for both.
namespace flashlm {
namespace {

/** Tells a loop's body that it has a whole register. */
struct Whole {};
/** Tells a loop's body that it has the first `count` lanes of a register; the others read as 0. */
struct Tail {
  int count;
};

SIMD_INLINE simd::Vec take(const float* p, Whole) { return simd::load(p); }
SIMD_INLINE simd::Vec take(const float* p, Tail tail) { return simd::loadPartial(p, tail.count); }
SIMD_INLINE void put(float* p, simd::Vec v, Whole) { simd::store(p, v); }
SIMD_INLINE void put(float* p, simd::Vec v, Tail tail) { simd::storePartial(p, v, tail.count); }
SIMD_INLINE void putCodes(int8_t* p, const simd::IntVec (&v)[4], Whole) { simd::storeCodes(p, v); }
SIMD_INLINE void putCodes(int8_t* p, const simd::IntVec (&v)[1], Whole) { simd::storeCodes(p, v[0]); }
SIMD_INLINE void putCodes(int8_t* p, const simd::IntVec (&v)[1], Tail tail) {
  simd::storeCodesPartial(p, v[0], tail.count);
}

SIMD_INLINE void putInts(int32_t* p, simd::IntVec v, Whole) { simd::storeInts(p, v); }
SIMD_INLINE void putInts(int32_t* p, simd::IntVec v, Tail tail) {
  int32_t all[simd::LANES];
  simd::storeInts(all, v);
  memcpy(p, all, static_cast<size_t>(tail.count) * sizeof *p);
}

/** Calls `body(i, part)` for the registers that cover elements [begin, end). */
template <class Body>
SIMD_INLINE void eachVector(int64_t begin, int64_t end, const Body& body) {
  int64_t i = begin;
  for (; i + simd::LANES <= end; i += simd::LANES) body(i, Whole{});
  if (i < end) body(i, Tail{static_cast<int>(end - i)});
}

/** Tells a loop's body how many registers to process at once. */
template <int N>
struct Registers {
  static constexpr int COUNT = N;
};

/** For the bodies of `eachFour`, which the compiler may consider too long to inline. */
#define INLINE_BODY __attribute__((always_inline))

/** Calls `body(i, part, registers)` for elements [begin, end): four registers at a time, then one. */
template <class Body>
SIMD_INLINE void eachFour(int64_t begin, int64_t end, const Body& body) {
  int64_t i = begin;
  for (; i + 4 * simd::LANES <= end; i += 4 * simd::LANES) body(i, Whole{}, Registers<4>{});
  eachVector(i, end, [&](int64_t k, auto part) INLINE_BODY { body(k, part, Registers<1>{}); });
}

/** Writes the codes [begin, end), which `code(i, part)` returns a register at a time. */
template <class Code>
SIMD_INLINE void eachCode(int8_t* codes, int64_t begin, int64_t end, const Code& code) {
  eachFour(begin, end, [&](int64_t i, auto part, auto registers) INLINE_BODY {
    simd::IntVec four[registers.COUNT];
    for (int j = 0; j < registers.COUNT; j++) four[j] = code(i + j * simd::LANES, part);
    putCodes(codes + i, four, part);
  });
}

/** `to` = a * b, element by element, and returned; it may be one of them. */
inline const float* multiplied(float* to, const float* a, const float* b, int64_t count) {
  eachVector(0, count, [=](int64_t i, auto part) {
    put(to + i, simd::mul(take(a + i, part), take(b + i, part)), part);
  });
  return to;
}

/** `eachVector` on all threads. `body` captures by value: see `eachRow`. */
template <class Body>
inline void eachElement(const Context& ctx, int64_t count, const Body& body) {
  parallelRows(ctx.threads, count, THREAD_ELEMENTS, [&](int64_t begin, int64_t end, int) {
    const Body own = body;
    eachVector(begin, end, own);
  });
}

/** `eachFour` on all threads. `body` captures by value: see `eachRow`. */
template <class Body>
inline void eachElementByFour(const Context& ctx, int64_t count, const Body& body) {
  parallelRows(ctx.threads, count, THREAD_ELEMENTS, [&](int64_t begin, int64_t end, int) {
    const Body own = body;
    eachFour(begin, end, own);
  });
}

/**
 * Calls `body(row)` for every row of a matrix of `cols` columns, on all threads. `body` captures by value,
 * and each thread uses its own copy: vector stores may alias captures in the caller's frame, which would then
 * be reloaded after every store.
 */
template <class Body>
inline void eachRow(const Context& ctx, int64_t rows, int64_t cols, const Body& body) {
  const int64_t grain = cols < THREAD_ELEMENTS ? THREAD_ELEMENTS / cols : 1;
  parallelRows(ctx.threads, rows, grain, [&](int64_t begin, int64_t end, int) {
    const Body own = body;
    for (int64_t row = begin; row < end; row++) own(row);
  });
}

/**
 * Calls `second(row, first(row))` for rows [begin, end), `first` for a few rows at a time. `first` ends in a
 * long dependency chain (a sum over lanes, a division, a root), which then overlaps with the loops of the
 * next rows. The few rows fit in L1.
 */
template <class First, class Second>
SIMD_INLINE void inTwoPasses(int64_t begin, int64_t end, int64_t cols, const First& first,
                             const Second& second) {
  constexpr int64_t MAX_ROWS = 8, ELEMENTS = 4096;
  const int64_t ahead = cols * MAX_ROWS < ELEMENTS ? MAX_ROWS : cols < ELEMENTS ? ELEMENTS / cols : 1;
  float found[MAX_ROWS];
  for (int64_t row = begin; row < end; row += ahead) {
    const int64_t rows = end - row < ahead ? end - row : ahead;
    for (int64_t r = 0; r < rows; r++) found[r] = first(row + r);
    for (int64_t r = 0; r < rows; r++) second(row + r, found[r]);
  }
}

/** `inTwoPasses` for every row of a matrix of `cols` columns, on all threads. Both capture by value: see
 * `eachRow`. */
template <class First, class Second>
inline void eachRowInTwoPasses(const Context& ctx, int64_t rows, int64_t cols, const First& first,
                               const Second& second) {
  const int64_t grain = cols < THREAD_ELEMENTS ? THREAD_ELEMENTS / cols : 1;
  parallelRows(ctx.threads, rows, grain, [&](int64_t begin, int64_t end, int) {
    const First ownFirst = first;
    const Second ownSecond = second;
    inTwoPasses(begin, end, cols, ownFirst, ownSecond);
  });
}

/**
 * The sum over elements [0, count): `term(sum, i, part)` returns `sum` plus the terms of one register.
 * Stretches of 512 are summed in float32 and added in float64, so that the error does not grow with `count`.
 */
template <class Term>
SIMD_INLINE double sumVectors(int64_t count, const Term& term) {
  constexpr int64_t STRETCH = 512, STEP = 4 * simd::LANES;
  double total = 0;
  for (int64_t begin = 0; begin < count; begin += STRETCH) {
    const int64_t end = count - begin < STRETCH ? count : begin + STRETCH;
    simd::Vec a = simd::zero(), b = a, c = a, d = a;
    int64_t i = begin;
    for (; i + STEP <= end; i += STEP) {
      a = term(a, i, Whole{});
      b = term(b, i + simd::LANES, Whole{});
      c = term(c, i + 2 * simd::LANES, Whole{});
      d = term(d, i + 3 * simd::LANES, Whole{});
    }
    eachVector(i, end, [&](int64_t k, auto part) { a = term(a, k, part); });
    total += simd::reduceAdd(simd::add(simd::add(a, b), simd::add(c, d)));
  }
  return total;
}

/** sum + a * b, where lanes past a tail must not count: what they hold may be NaN, as 0 times infinity is. */
SIMD_INLINE simd::Vec addTerms(simd::Vec sum, simd::Vec a, simd::Vec b, Whole) {
  return simd::fma(a, b, sum);
}
SIMD_INLINE simd::Vec addTerms(simd::Vec sum, simd::Vec a, simd::Vec b, Tail tail) {
  float products[simd::LANES];
  simd::store(products, simd::mul(a, b));
  return simd::add(sum, take(products, tail));
}

/** For rows whose squares overflow float32: in float64 they cannot. */
__attribute__((noinline)) double largeSquares(const float* x, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; i++) sum += static_cast<double>(x[i]) * x[i];
  return sum;
}

/** The sum of the squares of a row. */
SIMD_INLINE double rowSquares(const float* x, int64_t count) {
  const double squares = sumVectors(count, [=](simd::Vec sum, int64_t i, auto part) {
    const simd::Vec v = take(x + i, part);
    return simd::fma(v, v, sum);
  });
  return __builtin_isinf(squares) ? largeSquares(x, count) : squares;
}

}  // namespace
}  // namespace flashlm
