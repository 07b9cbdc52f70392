/**
 * Distinct pairs of tokens in compressed rows over a whole vocabulary: row v has the entries `offsets[v] ..
 * offsets[v + 1]` of `targets`, in order, and of `counts`. Arrays may be longer than used.
 */
export interface PairRows {
  readonly offsets: Int32Array;
  readonly targets: Int32Array;
  /** Float64 where streams are added up, which int32 would not hold. */
  readonly counts: Int32Array | Float64Array;
}

/** Number of distinct pairs. */
export const pairsOf = ({ offsets }: PairRows): number => offsets[offsets.length - 1]!;

/** A copy, no longer than used. */
export function copyPairs(pairs: PairRows): PairRows {
  const used = pairsOf(pairs);
  return {
    offsets: pairs.offsets.slice(),
    targets: pairs.targets.slice(0, used),
    counts: new Float64Array(pairs.counts.subarray(0, used)),
  };
}

/** The pairs of both, which are of one vocabulary. */
export function addPairs(a: PairRows, b: PairRows): PairRows {
  const most = pairsOf(a) + pairsOf(b);
  const sum = {
    offsets: new Int32Array(a.offsets.length),
    targets: new Int32Array(most),
    counts: new Float64Array(most),
  };
  let [used, i, j] = [0, 0, 0];
  const take = (pairs: PairRows, begin: number, end: number): void => {
    for (let e = begin; e < end; e++, used++) {
      sum.targets[used] = pairs.targets[e]!;
      sum.counts[used] = pairs.counts[e]!;
    }
  };
  for (let v = 1; v < sum.offsets.length; v++) {
    const [endA, endB] = [a.offsets[v]!, b.offsets[v]!];
    while (i < endA && j < endB) {
      const [fromA, fromB] = [a.targets[i]!, b.targets[j]!];
      let count = 0;
      if (fromA <= fromB) count += a.counts[i++]!;
      if (fromB <= fromA) count += b.counts[j++]!;
      sum.targets[used] = fromA < fromB ? fromA : fromB;
      sum.counts[used++] = count;
    }
    take(a, i, endA);
    take(b, j, endB);
    [i, j] = [endA, endB];
    sum.offsets[v] = used;
  }
  return sum;
}
