/** Maximum ids of a vocabulary: a pair of ids must fit one exact number. */
export const MAX_VOCAB = 2 ** 20;
/** Maximum merges: several may lead to the same id, and rank and position must fit one exact number. */
export const MAX_MERGES = 2 ** 21;

/** A pair of ids that become one. */
export type Merge = readonly [left: number, right: number];

/** One number for a pair of ids. */
export function pairKey(left: number, right: number): number {
  return left * MAX_VOCAB + right;
}

/** The pair of a key. */
export function pairOf(key: number): Merge {
  const right = key % MAX_VOCAB;
  return [(key - right) / MAX_VOCAB, right];
}
