#pragma once

#include <stdint.h>

#include "context.h"

namespace flashlm {

/** The number of rounds of a limit's loop, and its memory: `count` consecutive values per thread. */
struct LimitWork {
  int64_t rounds;
  float* memory;
  int64_t count;
};

/**
 * The peak rates of a machine with one instruction set: microbenchmark loops of one operation, on all threads
 * of the context. Each returns the total work of all threads: operations (a multiply-accumulate is two) or
 * bytes. Null where the instruction set has no instructions for it.
 */
struct LimitTable {
  using Loop = double (*)(Context&, const LimitWork&) noexcept;
  /** float32 fused multiply-adds. */
  Loop fma;
  /** Dot products of bf16 pairs, summed in float32. */
  Loop bf16;
  /** int8 dot products with exact sums. */
  Loop dot;
  /** Dot products of ternary codes in bit planes. */
  Loop popcount;
  /** Reads all of the memory. */
  Loop read;
  /** a = b + s * c on thirds of the memory. */
  Loop triad;
  /** Empty parallel sections; returns their number. */
  Loop fork;
};

struct Limit {
  const char* name;
  LimitTable::Loop LimitTable::* loop;
  bool needsMemory;
};
constexpr Limit kLimits[] = {{"fma", &LimitTable::fma, false},  {"bf16", &LimitTable::bf16, false},
                             {"dot", &LimitTable::dot, false},  {"popcount", &LimitTable::popcount, false},
                             {"read", &LimitTable::read, true}, {"triad", &LimitTable::triad, true},
                             {"fork", &LimitTable::fork, false}};

/** The smallest `LimitWork::count` that every instruction set can use. */
constexpr int64_t kMinLimitCount = 3 * 128;

struct LimitResult {
  double seconds, work;
};

/**
 * Runs the limit of that name; the work is 0 where the table has none. Throws `std::out_of_range`, in the
 * user's terms, for an unknown name and for memory that is too small.
 */
LimitResult measureLimit(const LimitTable& table, Context& context, const char* name, const LimitWork& work);

}  // namespace flashlm
