#pragma once

#include <string.h>

#include "../src/context.h"
#include "../src/parallel.h"

// Loops over float arrays in whole registers and one tail, each body written once for both.
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
SIMD_INLINE void putCodes(int8_t* p, simd::Vec v, Whole) { simd::storeCodes(p, v); }
SIMD_INLINE void putCodes(int8_t* p, simd::Vec v, Tail tail) { simd::storeCodesPartial(p, v, tail.count); }

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

/** Elements that are worth a thread of their own: about the time it takes to wake one. */
constexpr int64_t THREAD_ELEMENTS = 16384;

/** `eachVector` on all threads. `body` captures by value: see `eachRow`. */
template <class Body>
inline void eachElement(const Context& ctx, int64_t count, const Body& body) {
  parallelRows(ctx.threads, count, THREAD_ELEMENTS, [&](int64_t begin, int64_t end, int) {
    const Body own = body;
    eachVector(begin, end, own);
  });
}

/**
 * Calls `body(row)` for every row of a matrix of `cols` columns, on all threads. `body` captures by value and each
 * thread works on its own copy, because vector stores may alias whatever is reached through a pointer: captures that
 * live in the caller's frame would be read again after every store.
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
 * The sum over elements [0, count): `term(sum, i, part)` returns `sum` plus the terms of one register. float32 adds
 * up short stretches only and float64 the stretches, so that the error does not grow with the row's length.
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

}  // namespace
}  // namespace flashlm
