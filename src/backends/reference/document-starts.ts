import type { Ids } from '../../core/tensor.ts';

/** Whether a document begins at row i, inside a sequence: what came before must not be seen. */
export const begins = (starts: Ids | null, i: number, seqLen: number): boolean =>
  starts !== null && i % seqLen > 0 && starts.data[i] === i % seqLen;
