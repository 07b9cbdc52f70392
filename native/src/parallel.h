#pragma once

#include <stdint.h>

#ifdef _OPENMP
#include <omp.h>
#endif

/**
 * The only file that uses OpenMP. The partition is static and a pure function of (size, grain, threads), so
 * that a core gets the same rows in every op, still in its cache. Everything here has internal linkage: files
 * compiled for different instruction sets must not share an instance.
 */
namespace flashlm {
namespace {

/**
 * The threads of a parallel section: the first `busy` of a team work. The team has the same size in every
 * section because GNU's OpenMP ends surplus threads when a team shrinks, and creates them again when it
 * grows.
 */
struct Team {
  int size, busy;

  Team(int threads) : Team(threads, threads) {}
  Team(int size, int busy) : size(size), busy(busy) {}
};

/** Calls `fn(piece)` for every piece, each on its own thread where there are enough. */
template <class F>
inline void runPieces(int threads, int pieces, const F& fn) {
#ifdef _OPENMP
  if (pieces > 1) {
#pragma omp parallel num_threads(threads)
    // The runtime may grant fewer threads than requested: each then runs several pieces.
    for (int piece = omp_get_thread_num(); piece < pieces; piece += omp_get_num_threads()) fn(piece);
    return;
  }
#endif
  for (int piece = 0; piece < pieces; piece++) fn(piece);
}

/**
 * Calls `fn(begin, end, thread)` on disjoint ranges that cover [0, rows); boundaries are multiples of `grain`
 * (>= 1). `thread` is below `team.busy` and no two concurrent calls share it.
 */
template <class F>
inline void parallelRows(Team team, int64_t rows, int64_t grain, const F& fn) {
  const int64_t chunks = rows / grain + (rows % grain != 0);
  const int pieces = static_cast<int>(chunks < team.busy ? chunks : team.busy);
  runPieces(team.size, pieces, [&](int piece) {
    const int64_t begin = chunks * piece / pieces * grain;
    const int64_t end = chunks * (piece + 1) / pieces * grain;
    fn(begin, end < rows ? end : rows, piece);
  });
}

/** Calls `fn(i, thread)` for every task i in [0, tasks); neighbouring tasks share a thread. */
template <class F>
inline void parallelTasks(Team team, int64_t tasks, const F& fn) {
  parallelRows(team, tasks, 1, [&](int64_t begin, int64_t end, int thread) {
    for (int64_t task = begin; task < end; task++) fn(task, thread);
  });
}

}  // namespace
}  // namespace flashlm
