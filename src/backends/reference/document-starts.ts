import type { Ids } from '../../core/tensor.ts';

/** Whether a document begins at row i, inside a sequence: what came before must not be seen. */
export const begins = (starts: Ids | null, i: number, seqLen: number): boolean =>
  starts !== null && i % seqLen > 0 && starts.data[i] === i % seqLen;

/** The first row of its sequence that row i sees; from row 0 on it also sees the state. */
export const firstSeen = (starts: Ids | null, i: number): number => starts?.data[i] ?? 0;

/** The rows of each document in each sequence: of each sequence, where no document begins inside one. */
export function* documents(
  starts: Ids | null,
  rows: number,
  seqLen: number,
): Generator<[begin: number, end: number]> {
  let begin = 0;
  for (let end = 1; end <= rows; end++) {
    if (end < rows && end % seqLen > 0 && !begins(starts, end, seqLen)) continue;
    yield [begin, end];
    begin = end;
  }
}
