import type { Mat } from '../../tensor.ts';
import { input, near, op, output, scalar } from '../arguments.ts';

/** Of each row: `out = softmax(factor * x)`. */
export const softmax = op<(out: Mat, x: Mat, factor: number) => void>({
  args: [output('out', 'M', 'D'), input('x', 'M', 'D', { values: 'moderate' }), scalar('factor')],
  independent: 'row',
  agree: near,
  flops: ({ M, D }) => 20 * M * D,
});

/** With `p = softmax(factor * x)`: `outDx = factor * p * (dp - sum of p * dp)`. */
export const softmaxGrad = op<(outDx: Mat, dp: Mat, p: Mat, factor: number) => void>({
  args: [
    output('outDx', 'M', 'D'),
    input('dp', 'M', 'D'),
    input('p', 'M', 'D', { values: 'probability' }),
    scalar('factor'),
  ],
  independent: 'row',
  agree: near,
  flops: ({ M, D }) => 5 * M * D,
});
