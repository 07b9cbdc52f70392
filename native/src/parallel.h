#pragma once

#include <stdint.h>

#include "thread_team.h"

/**
 * Shares work out. The partition is static and a pure function of (size, grain, threads), so that a core gets
 * the same rows in every op, still in its cache. Everything here has internal linkage: files compiled for
 * different instruction sets must not share an instance.
 */
namespace flashlm {
namespace {

/**
 * Calls `fn(begin, end, thread)` on disjoint ranges that cover [0, rows); boundaries are multiples of `grain`
 * (>= 1). `thread` is below `threads` and no two concurrent calls share it.
 */
template <class F>
inline void parallelRows(int threads, int64_t rows, int64_t grain, const F& fn) {
  const int64_t chunks = rows / grain + (rows % grain != 0);
  const int pieces = static_cast<int>(chunks < threads ? chunks : threads);
  const auto run = [&](int piece) {
    const int64_t begin = chunks * piece / pieces * grain;
    const int64_t end = chunks * (piece + 1) / pieces * grain;
    fn(begin, end < rows ? end : rows, piece);
  };
  using Run = decltype(run);
  runPieces(pieces, [](const void* of, int piece) { (*static_cast<const Run*>(of))(piece); }, &run);
}

/** Calls `fn(i, thread)` for every task i in [0, tasks); neighbouring tasks share a thread. */
template <class F>
inline void parallelTasks(int threads, int64_t tasks, const F& fn) {
  parallelRows(threads, tasks, 1, [&](int64_t begin, int64_t end, int thread) {
    for (int64_t task = begin; task < end; task++) fn(task, thread);
  });
}

}  // namespace
}  // namespace flashlm
