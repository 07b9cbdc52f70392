import type { Mat } from '../../tensor.ts';
import { accumulate, input, near, op, optional, output, scalar } from '../arguments.ts';

const rstdOf = (x: Float64Array, row: number, cols: number): number => {
  let squares = 0;
  for (let d = 0; d < cols; d++) squares += x[row * cols + d]! ** 2;
  return 1 / Math.sqrt(squares / cols + 1e-6);
};

const eps = scalar('eps', { values: [1e-6] });

/** `r = 1/sqrt(mean(x^2) + eps)`, `out = r * x * gain`. `outRstd` keeps r, because recomputing it costs a pass over x. */
export const rmsNorm = op<(out: Mat, outRstd: Mat, x: Mat, gain: Mat | null, eps: number) => void>({
  args: [
    output('out', 'M', 'D'),
    output('outRstd', 'M', 1),
    input('x', 'M', 'D'),
    input('gain', 1, 'D', optional),
    eps,
  ],
  independent: 'row',
  agree: near,
  flops: ({ M, D }) => 4 * M * D,
});

/** With `u = dy * gain`: `outDx = r * (u - x * r^2 * mean(u * x))`, `accGain += sum over rows of dy * x * r`. */
export const rmsNormGrad = op<
  (outDx: Mat, accGain: Mat | null, dy: Mat, x: Mat, gain: Mat | null, rstd: Mat) => void
>({
  args: [
    output('outDx', 'M', 'D'),
    accumulate('accGain', 1, 'D', optional),
    input('dy', 'M', 'D'),
    input('x', 'M', 'D'),
    input('gain', 1, 'D', optional),
    input('rstd', 'M', 1, { values: 'positive' }),
  ],
  inputs: ({ x }, { M, D }) => ({ rstd: Float64Array.from({ length: M! }, (_, i) => rstdOf(x!, i, D!)) }),
  independent: 'row',
  agree: near,
  flops: ({ M, D }) => 9 * M * D,
});
