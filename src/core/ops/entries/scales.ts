import type { Mat } from '../../tensor.ts';
import { accumulate, bench, input, near, op, output } from '../arguments.ts';

/** Heads of 48 columns. */
const HEADS = { sizes: bench({ G: 4, E: 48 }) } as const;

/** Each group of `E` columns of x times its number: `out = w * x`. */
export const scaleGroups = op<(out: Mat, x: Mat, w: Mat) => void>({
  args: [output('out', 'M', 'G*E'), input('x', 'M', 'G*E'), input('w', 'M', 'G')],
  independent: 'row',
  agree: 'exact',
  ...HEADS,
  flops: ({ M, G, E }) => M! * G! * E!,
});

/** `outDx = w * dy`, `outDw = sum over the group of dy * x`. */
export const scaleGroupsGrad = op<(outDx: Mat, outDw: Mat, dy: Mat, x: Mat, w: Mat) => void>({
  args: [
    output('outDx', 'M', 'G*E'),
    output('outDw', 'M', 'G'),
    input('dy', 'M', 'G*E'),
    input('x', 'M', 'G*E'),
    input('w', 'M', 'G'),
  ],
  independent: 'row',
  agree: near,
  ...HEADS,
  flops: ({ M, G, E }) => 3 * M! * G! * E!,
});

/** `out = sigmoid(logit) * x`; the logit is one number [1 x 1]. */
export const sigmoidScale = op<(out: Mat, x: Mat, logit: Mat) => void>({
  args: [output('out', 'M', 'D'), input('x', 'M', 'D'), input('logit', 1, 1, { values: 'unit' })],
  independent: 'row',
  agree: near,
  flops: ({ M, D }) => M * D,
});

/** `outDx = s * dy`, `accLogit += s * (1 - s) * sum of dy * x`, with `s = sigmoid(logit)`. */
export const sigmoidScaleGrad = op<(outDx: Mat, accLogit: Mat, dy: Mat, x: Mat, logit: Mat) => void>({
  args: [
    output('outDx', 'M', 'D'),
    accumulate('accLogit', 1, 1),
    input('dy', 'M', 'D'),
    input('x', 'M', 'D'),
    input('logit', 1, 1, { values: 'unit' }),
  ],
  independent: 'row',
  agree: near,
  flops: ({ M, D }) => 3 * M * D,
});
