import type { Ids, Mat } from '../../tensor.ts';
import { accumulate, bench, ids, input, near, op, output, size, V61 } from '../arguments.ts';

/** Written before a call, by the runner or by the layer itself, and left alone until its results are there. */
const rowIds = { ...ids('ids', 'M', 'V'), lasting: true } as const;

/** `out[i] = table[ids[i]]`. */
export const gatherRows = op<(out: Mat, table: Mat, ids: Ids) => void>({
  args: [output('out', 'M', 'D'), input('table', 'V', 'D'), rowIds],
  independent: 'row',
  agree: 'exact',
  flops: () => 0,
});

/** `accTable[ids[i]] += dy[i]`, rows in order. */
export const scatterAddRows = op<(accTable: Mat, dy: Mat, ids: Ids) => void>({
  args: [accumulate('accTable', 'V', 'D'), input('dy', 'M', 'D'), rowIds],
  independent: 'row',
  // Any row may be added to any row of the table: parts of such a sum would be as large as the table.
  schedule: 'serial',
  agree: near,
  flops: ({ M, D }) => M * D,
});

/**
 * How often each token follows each other, as compressed rows over all `vocab` tokens: row v has the entries
 * `outOffsets[v] .. outOffsets[v+1]`, the tokens that follow v in order and how often each does. What lies past
 * `outOffsets[vocab]` is 0.
 */
export const countPairs = op<
  (outOffsets: Ids, outTargets: Ids, outCounts: Ids, ids: Ids, targets: Ids, vocab: number) => void
>({
  args: [
    output('outOffsets', 'V+1', 1, { dtype: 'i32' }),
    output('outTargets', 'N', 1, { dtype: 'i32' }),
    output('outCounts', 'N', 1, { dtype: 'i32' }),
    ids('ids', 'N', 'V'),
    ids('targets', 'N', 'V'),
    size('vocab', 'V'),
  ],
  agree: 'exact',
  flops: () => 0,
  mayBeZero: ['N'],
  sizes: bench({ N: V61.batch }),
});
