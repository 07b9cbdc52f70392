import type { Mat } from '../../tensor.ts';
import { bench, input, near, op, scalar, update, V61 } from '../arguments.ts';

const ofAllParameters = bench({ M: 1, D: V61.parameters });

/** As runs have them: decay rates whose distance from 1 float32 would round. */
const beta1 = scalar('beta1', { values: [0.9, 0.99, 0.5] });
const beta2 = scalar('beta2', { values: [0.999, 0.95, 0.9999] });
const eps = scalar('eps', { values: [1e-6] });

/** Sum of squares in float64, so that a gradient norm cannot overflow. */
export const sumSquares = op<(x: Mat) => number>({
  args: [input('x', 'M', 'D')],
  independent: 'row',
  sizes: ofAllParameters,
  agree: near,
  flops: ({ M, D }) => 2 * M * D,
  returns: 'number',
});

/** `x *= factor`. */
export const scale = op<(x: Mat, factor: number) => void>({
  args: [update('x', 'M', 'D'), scalar('factor', { steady: 1 })],
  independent: 'row',
  sizes: ofAllParameters,
  agree: near,
  flops: ({ M, D }) => M * D,
});

/** `v = momentum * v + g + decay * p; p -= lr * v`. */
export const sgdMomentum = op<(p: Mat, v: Mat, g: Mat, lr: number, momentum: number, decay: number) => void>({
  args: [
    update('p', 'M', 'D'),
    update('v', 'M', 'D'),
    input('g', 'M', 'D'),
    scalar('lr', { steady: 1e-4 }),
    scalar('momentum', { steady: 0.9 }),
    scalar('decay', { steady: 0 }),
  ],
  independent: 'row',
  sizes: ofAllParameters,
  agree: near,
  flops: ({ M, D }) => 6 * M * D,
});

/**
 * Lion (Chen et al. 2023): `p -= lr * (sign(beta1 * m + (1 - beta1) * g) + decay * p)`, then
 * `m = beta2 * m + (1 - beta2) * g`. The betas and products inside of the sign are rounded to float32.
 */
export const lion = op<
  (p: Mat, m: Mat, g: Mat, lr: number, beta1: number, beta2: number, decay: number) => void
>({
  args: [
    update('p', 'M', 'D'),
    update('m', 'M', 'D'),
    input('g', 'M', 'D'),
    scalar('lr', { steady: 1e-4 }),
    // Any: with those of runs, multiples of 1/4 would tie, and the sign of a sum of 0 is rounding.
    scalar('beta1', { steady: 0.9 }),
    scalar('beta2', { steady: 0.99 }),
    scalar('decay', { steady: 0 }),
  ],
  independent: 'row',
  sizes: ofAllParameters,
  agree: near,
  flops: ({ M, D }) => 9 * M * D,
});

/** AdamW (Loshchilov and Hutter 2019) with bias correction; `step` counts from 1; decay is decoupled. */
export const adamW = op<
  (
    p: Mat,
    m: Mat,
    v: Mat,
    g: Mat,
    lr: number,
    beta1: number,
    beta2: number,
    eps: number,
    decay: number,
    step: number,
  ) => void
>({
  args: [
    update('p', 'M', 'D'),
    update('m', 'M', 'D'),
    update('v', 'M', 'D', { values: 'positive' }),
    input('g', 'M', 'D'),
    scalar('lr', { steady: 1e-4 }),
    beta1,
    beta2,
    eps,
    scalar('decay', { steady: 0 }),
    // Steps beyond a byte.
    scalar('step', { whole: 1, values: [1, 2, 50, 256, 257, 1000, 100_000], steady: 10 }),
  ],
  independent: 'row',
  sizes: ofAllParameters,
  agree: near,
  flops: ({ M, D }) => 14 * M * D,
});
