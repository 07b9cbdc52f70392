import { MAX_CONV_WIDTH } from '../../choices.ts';
import type { Ids, Mat } from '../../tensor.ts';
import { accumulate, documentStarts, input, near, op, optional, output, size, update } from '../arguments.ts';

/** The rows before the present one that a convolution reads. */
const CONV_WIDTHS = {
  limits: { P: [1, MAX_CONV_WIDTH - 1] },
  sizes: { P: { tested: Array.from({ length: MAX_CONV_WIDTH - 1 }, (_, i) => 1 + i), bench: 3 } },
} as const;

/**
 * Token shift: `s = sigmoid(mix)`, `out_t = s * x_t + (1 - s) * x_{t-1}`; `state` holds the row before each sequence and
 * receives its last row. At a document's first row what came before counts as zero, here and in the ops below; see `starts`
 * in `StepContext`.
 */
export const tokenShift = op<
  (out: Mat, state: Mat, x: Mat, mix: Mat, starts: Ids | null, seqLen: number) => void
>({
  args: [
    output('out', 'M', 'D'),
    update('state', 'S', 'D'),
    input('x', 'M', 'D'),
    input('mix', 1, 'D', { values: 'unit' }),
    documentStarts,
    size('seqLen', 'T'),
  ],
  agree: near,
  flops: ({ M, D }) => 3 * M * D,
  independent: 'sequence',
  equations: ['M = S*T'],
});

/** Gradient for sequences that begin after a zero row (training never carries state between sequences). */
export const tokenShiftGrad = op<
  (outDx: Mat, accMix: Mat, dy: Mat, x: Mat, mix: Mat, starts: Ids | null, seqLen: number) => void
>({
  args: [
    output('outDx', 'M', 'D'),
    accumulate('accMix', 1, 'D'),
    input('dy', 'M', 'D'),
    input('x', 'M', 'D'),
    input('mix', 1, 'D', { values: 'unit' }),
    documentStarts,
    size('seqLen', 'T'),
  ],
  agree: near,
  flops: ({ M, D }) => 7 * M * D,
  independent: 'sequence',
  equations: ['M = S*T'],
});

/**
 * Causal convolution of each channel alone, P+1 rows wide (2 to `MAX_CONV_WIDTH`): `out_t = bias + sum over j of
 * w[j] * x_{t-j}`. `state` holds the P rows before each sequence, oldest first, and receives its last P rows.
 */
export const causalConv = op<
  (out: Mat, state: Mat, x: Mat, w: Mat, bias: Mat | null, starts: Ids | null, seqLen: number) => void
>({
  args: [
    output('out', 'M', 'D'),
    update('state', 'S*P', 'D'),
    input('x', 'M', 'D'),
    input('w', 'P+1', 'D'),
    input('bias', 1, 'D', optional),
    documentStarts,
    size('seqLen', 'T'),
  ],
  agree: near,
  flops: ({ M, P, D }) => 2 * M! * (P! + 1) * D!,
  independent: 'sequence',
  equations: ['M = S*T'],
  ...CONV_WIDTHS,
});

/**
 * Gradient for sequences that begin after zero rows: `outDx_t = sum over j of w[j] * dy_{t+j}`, `accW[j] += sum over rows of
 * dy_t * x_{t-j}`, `accBias += sum over rows of dy`. Rows outside of the document or the sequence are zero.
 */
export const causalConvGrad = op<
  (
    outDx: Mat,
    accW: Mat,
    accBias: Mat | null,
    dy: Mat,
    x: Mat,
    w: Mat,
    starts: Ids | null,
    seqLen: number,
  ) => void
>({
  args: [
    output('outDx', 'M', 'D'),
    accumulate('accW', 'P+1', 'D'),
    accumulate('accBias', 1, 'D', optional),
    input('dy', 'M', 'D'),
    input('x', 'M', 'D'),
    input('w', 'P+1', 'D'),
    documentStarts,
    size('seqLen', 'T'),
  ],
  agree: near,
  flops: ({ M, P, D }) => 4 * M! * (P! + 1) * D!,
  independent: 'sequence',
  equations: ['M = S*T'],
  ...CONV_WIDTHS,
});

/** `out_t = x_{t-P}`; `state` holds the P rows before each sequence, oldest first, and receives its last P rows. */
export const delay = op<(out: Mat, state: Mat, x: Mat, starts: Ids | null, seqLen: number) => void>({
  args: [
    output('out', 'M', 'D'),
    update('state', 'S*P', 'D'),
    input('x', 'M', 'D'),
    documentStarts,
    size('seqLen', 'T'),
  ],
  agree: 'exact',
  flops: () => 0,
  independent: 'sequence',
  equations: ['M = S*T'],
  sizes: { P: { tested: [1, 3, 8], bench: 3 } },
});

/** `outDx_t = dy_{t+by}`, zero where that is outside of the document or the sequence. */
export const delayGrad = op<(outDx: Mat, dy: Mat, by: number, starts: Ids | null, seqLen: number) => void>({
  args: [
    output('outDx', 'M', 'D'),
    input('dy', 'M', 'D'),
    size('by', 'P'),
    documentStarts,
    size('seqLen', 'T'),
  ],
  agree: 'exact',
  flops: () => 0,
  independent: 'sequence',
  equations: ['M = S*T'],
  sizes: { P: { tested: [1, 3, 8], bench: 3 } },
});
