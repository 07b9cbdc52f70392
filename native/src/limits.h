#pragma once

#include <stdint.h>

#include "context.h"

namespace flashlm {

/** How often a limit's loop runs, and on which memory: `count` values for each thread, one thread's after another's. */
struct LimitWork {
  int64_t rounds;
  float* memory;
  int64_t count;
};

/**
 * What the machine can do at best with one instruction set: loops that do one thing only, on all threads of the
 * context. Each returns what all threads did together: operations (a multiply-accumulate is two) or bytes.
 */
struct LimitTable {
  /** float32 fused multiply-adds. */
  double (*fma)(Context&, const LimitWork&) noexcept;
  /** int8 dot products with exact sums. */
  double (*dot)(Context&, const LimitWork&) noexcept;
  /** Reads all of the memory. */
  double (*read)(Context&, const LimitWork&) noexcept;
  /** a = b + s * c on thirds of the memory. */
  double (*triad)(Context&, const LimitWork&) noexcept;
};

/** The least `LimitWork::count` that every instruction set can work on. */
constexpr int64_t kLeastLimitCount = 3 * 128;

struct LimitResult {
  double seconds, work;
};

/**
 * Runs the limit of that name. Throws `std::out_of_range` in the user's terms for a name that is none and for memory
 * that is too small.
 */
LimitResult measureLimit(const LimitTable& table, Context& context, const char* name, const LimitWork& work);

}  // namespace flashlm
