import type { Mat } from '../../tensor.ts';
import { accumulate, input, near, op, output } from '../arguments.ts';

/** Decays, or steps and decays. */
const COLUMNS = {
  limits: { P: [1, 2] },
  sizes: { P: { tested: [1, 2], bench: 1 } },
} as const;

/**
 * With the step `s = softplus(x + bias)`: `out = -e^rate * s`, or `[s | -e^rate * s]` where out has twice the columns of x
 * (Dao and Gu 2024).
 */
export const stepDecay = op<(out: Mat, x: Mat, rate: Mat, bias: Mat) => void>({
  args: [
    output('out', 'M', 'P*D'),
    input('x', 'M', 'D', { values: 'moderate' }),
    input('rate', 1, 'D', { values: 'unit' }),
    input('bias', 1, 'D', { values: 'unit' }),
  ],
  independent: 'row',
  agree: near,
  flops: ({ M, D }) => 20 * M * D,
  ...COLUMNS,
});

export const stepDecayGrad = op<
  (outDx: Mat, accRate: Mat, accBias: Mat, dy: Mat, x: Mat, rate: Mat, bias: Mat) => void
>({
  args: [
    output('outDx', 'M', 'D'),
    accumulate('accRate', 1, 'D'),
    accumulate('accBias', 1, 'D'),
    input('dy', 'M', 'P*D', { values: 'unit' }),
    input('x', 'M', 'D', { values: 'moderate' }),
    input('rate', 1, 'D', { values: 'unit' }),
    input('bias', 1, 'D', { values: 'unit' }),
  ],
  independent: 'row',
  // A gradient may be the difference of two.
  agree: { ...near, whole: ['outDx', 'accRate', 'accBias'] },
  flops: ({ M, D }) => 26 * M * D,
  ...COLUMNS,
});
