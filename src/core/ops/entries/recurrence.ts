import type { Ids, Mat } from '../../tensor.ts';
import { documentStarts, input, near, op, output, size, update } from '../arguments.ts';

/** x with numbers from 0 to 1 in the first half of its columns: what is left of a state after a row. */
const sharesFirst = (x: Float64Array, D: number): Float64Array =>
  x.map((value, i) => (i % (2 * D) < D ? 1 / (1 + value * value) : value));

/**
 * With `x = [f | c]` by columns: `out_t = f_t * out_{t-1} + c_t`. `state` holds the row before each sequence and receives
 * its last one. At a document's first row what came before counts as zero; see `starts` in `StepContext`.
 */
export const scan = op<(out: Mat, state: Mat, x: Mat, starts: Ids | null, seqLen: number) => void>({
  args: [
    output('out', 'M', 'D'),
    update('state', 'S', 'D'),
    input('x', 'M', '2*D', { values: 'unit' }),
    documentStarts,
    size('seqLen', 'T'),
  ],
  agree: { ...near, whole: ['out', 'state'] },
  flops: ({ M, D }) => 2 * M * D,
  independent: 'sequence',
  equations: ['M = S*T'],
  inputs: ({ x }, { D }) => ({ x: sharesFirst(x!, D!) }),
});

/**
 * Gradient for sequences that begin after a zero row: with `e_t = dy_t + f_{t+1} * e_{t+1}`, `outDx = [e_t * y_{t-1} | e_t]`,
 * where y is what the scan gave.
 */
export const scanGrad = op<(outDx: Mat, dy: Mat, x: Mat, y: Mat, starts: Ids | null, seqLen: number) => void>(
  {
    args: [
      output('outDx', 'M', '2*D'),
      input('dy', 'M', 'D', { values: 'unit' }),
      input('x', 'M', '2*D', { values: 'unit' }),
      input('y', 'M', 'D', { values: 'unit' }),
      documentStarts,
      size('seqLen', 'T'),
    ],
    agree: { ...near, whole: ['outDx'] },
    flops: ({ M, D }) => 3 * M * D,
    independent: 'sequence',
    equations: ['M = S*T'],
    inputs: ({ x }, { D }) => ({ x: sharesFirst(x!, D!) }),
  },
);

/**
 * `out_t` is the mean of the rows of its document so far. `state` [sequences x columns + 1] holds the sum of the rows before
 * and, in its last column, their number; it receives both.
 */
export const runningMean = op<(out: Mat, state: Mat, x: Mat, starts: Ids | null, seqLen: number) => void>({
  args: [
    output('out', 'M', 'D'),
    update('state', 'S', 'D+1'),
    input('x', 'M', 'D', { values: 'unit' }),
    documentStarts,
    size('seqLen', 'T'),
  ],
  agree: { ...near, whole: ['out', 'state'] },
  flops: ({ M, D }) => 2 * M * D,
  independent: 'sequence',
  equations: ['M = S*T'],
  inputs: ({ state }, { D }) => ({
    // Whole numbers of rows.
    state: state!.map((value, i) => (i % (D! + 1) === D! ? Math.abs(Math.round(value)) : value)),
  }),
});

/** Gradient for sequences that begin here: `outDx_i = sum over t >= i of dy_t / n_t`, where row t is the n_t-th of its document. */
export const runningMeanGrad = op<(outDx: Mat, dy: Mat, starts: Ids | null, seqLen: number) => void>({
  args: [
    output('outDx', 'M', 'D'),
    input('dy', 'M', 'D', { values: 'unit' }),
    documentStarts,
    size('seqLen', 'T'),
  ],
  agree: { ...near, whole: ['outDx'] },
  flops: ({ M, D }) => 2 * M * D,
  independent: 'sequence',
  equations: ['M = S*T'],
});
