import type { Kernels } from '../../core/kernels.ts';

/** Two stable counting sorts, by target and then by token, which a third pass sums up: no memory of V * V. */
export const countPairs: Kernels['countPairs'] = (outOffsets, outTargets, outCounts, ids, targets, vocab) => {
  const tokens = ids.data.length;
  const byTarget = new Int32Array(tokens);
  const nextOfTarget = starts(targets.data, vocab);
  for (let i = 0; i < tokens; i++) byTarget[nextOfTarget[targets.data[i]!]!++] = i;
  const sorted = new Int32Array(tokens);
  const next = starts(ids.data, vocab);
  for (const i of byTarget) sorted[next[ids.data[i]!]!++] = targets.data[i]!;

  outTargets.data.fill(0);
  outCounts.data.fill(0);
  let [used, begin] = [0, 0];
  for (let v = 0; v < vocab; v++) {
    outOffsets.data[v] = used;
    // Where v's run ends is where the sort left off.
    for (let i = begin; i < next[v]!; i++) {
      if (i === begin || sorted[i] !== sorted[i - 1]) outTargets.data[used++] = sorted[i]!;
      outCounts.data[used - 1]!++;
    }
    begin = next[v]!;
  }
  outOffsets.data[vocab] = used;
};

/** Where the run of each key below `values` begins when `keys` are sorted. */
function starts(keys: Int32Array, values: number): Int32Array {
  const at = new Int32Array(values + 1);
  for (const key of keys) at[key + 1]!++;
  for (let v = 0; v < values; v++) at[v + 1]! += at[v]!;
  return at;
}
