#include <string.h>

namespace flashlm {
namespace {

/** Turns the counts of `values` keys into the start of each key's run in sorted order. */
inline void startsOfRuns(int32_t* counts, int64_t values) {
  int32_t start = 0;
  for (int64_t v = 0; v < values; v++) {
    const int32_t count = counts[v];
    counts[v] = start;
    start += count;
  }
}

/**
 * Two stable counting sorts, by target and then by token, and a pass that sums equal neighbours.
 * Single-threaded: it takes under 1% of a step, and its loops are too short to split.
 */
void countPairs(Context& ctx, const CountPairsArgs& args) noexcept {
  const int64_t V = args.vocab, N = args.ids.rows;
  const int32_t* ids = args.ids.data;
  const int32_t* targets = args.targets.data;
  int32_t* next = ctx.scratch.get<int32_t>(V);
  int32_t* nextOfTarget = ctx.scratch.get<int32_t>(V);
  int32_t* byTarget = ctx.scratch.get<int32_t>(N);
  int32_t* sorted = ctx.scratch.get<int32_t>(N);
  if (!next || !nextOfTarget || !byTarget || !sorted) return;

  memset(next, 0, V * sizeof(int32_t));
  memset(nextOfTarget, 0, V * sizeof(int32_t));
  for (int64_t i = 0; i < N; i++) {
    next[ids[i]]++;
    nextOfTarget[targets[i]]++;
  }
  startsOfRuns(next, V);
  startsOfRuns(nextOfTarget, V);
  // The token alone is kept: its target is known by the run that it lies in, which ends where the sort leaves
  // off.
  for (int64_t i = 0; i < N; i++) byTarget[nextOfTarget[targets[i]]++] = ids[i];
  for (int64_t t = 0, i = 0; t < V; t++)
    for (; i < nextOfTarget[t]; i++) sorted[next[byTarget[i]]++] = static_cast<int32_t>(t);

  int32_t* outTargets = args.outTargets.data;
  int32_t* ends = args.outCounts.data;
  int64_t used = 0, i = 0;
  for (int64_t v = 0; v < V; v++) {
    args.outOffsets.data[v] = static_cast<int32_t>(used);
    const int64_t last = next[v] - 1;
    if (i > last) continue;
    // Every entry overwrites its run's result, so that the last one remains: this avoids an unpredictable
    // branch.
    for (; i < last; i++) {
      outTargets[used] = sorted[i];
      ends[used] = static_cast<int32_t>(i + 1);
      used += sorted[i] != sorted[i + 1];
    }
    outTargets[used] = sorted[i++];
    ends[used++] = static_cast<int32_t>(i);
  }
  args.outOffsets.data[V] = static_cast<int32_t>(used);
  for (int64_t e = used - 1; e > 0; e--) ends[e] -= ends[e - 1];
  memset(outTargets + used, 0, (N - used) * sizeof(int32_t));
  memset(ends + used, 0, (N - used) * sizeof(int32_t));
}

}  // namespace
}  // namespace flashlm
