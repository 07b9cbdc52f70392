import { ACTIVATION_FNS, type ActivationFn } from '../../choices.ts';
import type { Mat } from '../../tensor.ts';
import { accumulate, bench, choice, input, near, op, optional, output, scalar, V61 } from '../arguments.ts';

/** `out = fn(x)`, `outSlope = fn'(x)`: with the slope saved, backward is `multiply(dx, dy, slope)`. */
export const activation = op<(out: Mat, outSlope: Mat | null, x: Mat, fn: ActivationFn) => void>({
  args: [
    output('out', 'M', 'D'),
    output('outSlope', 'M', 'D', optional),
    input('x', 'M', 'D', { values: 'moderate' }),
    choice('fn', ACTIVATION_FNS),
  ],
  independent: 'row',
  sizes: bench({ D: V61.hidden }),
  agree: near,
  flops: ({ M, D }, has = () => true) => (has('outSlope') ? 19 : 16) * M * D,
});

/** `out = a + b`; `out` may be `a`. */
export const add = op<(out: Mat, a: Mat, b: Mat) => void>({
  args: [output('out', 'M', 'D', { mayAlias: ['a'] }), input('a', 'M', 'D'), input('b', 'M', 'D')],
  independent: 'row',
  agree: 'exact',
  flops: ({ M, D }) => M * D,
});

/** `out_i = x_i + bias` for every row i; `out` may be `x`. */
export const addBias = op<(out: Mat, x: Mat, bias: Mat) => void>({
  args: [output('out', 'M', 'D', { mayAlias: ['x'] }), input('x', 'M', 'D'), input('bias', 1, 'D')],
  independent: 'row',
  sizes: bench({ D: V61.hidden }),
  agree: 'exact',
  flops: ({ M, D }) => M * D,
});

/** `accBias += sum over rows of dy`. */
export const addBiasGrad = op<(accBias: Mat, dy: Mat) => void>({
  args: [accumulate('accBias', 1, 'D'), input('dy', 'M', 'D')],
  independent: 'row',
  sizes: bench({ D: V61.hidden }),
  agree: near,
  flops: ({ M, D }) => M * D,
});

/** `out = a * b`, element by element; `out` may be `a`. */
export const multiply = op<(out: Mat, a: Mat, b: Mat) => void>({
  args: [output('out', 'M', 'D', { mayAlias: ['a'] }), input('a', 'M', 'D'), input('b', 'M', 'D')],
  independent: 'row',
  sizes: bench({ D: V61.hidden }),
  agree: 'exact',
  flops: ({ M, D }) => M * D,
});

/**
 * With `x = [a | b]` by columns: `out = fn(a) * b`, `outFactors = [fn'(a) * b | fn(a)]`, which is all that backward needs.
 */
export const gate = op<(out: Mat, outFactors: Mat | null, x: Mat, fn: ActivationFn) => void>({
  args: [
    output('out', 'M', 'D'),
    output('outFactors', 'M', '2*D', optional),
    input('x', 'M', '2*D', { values: 'moderate' }),
    choice('fn', ACTIVATION_FNS),
  ],
  independent: 'row',
  sizes: bench({ D: V61.hidden }),
  agree: near,
  flops: ({ M, D }, has = () => true) => (has('outFactors') ? 21 : 17) * M * D,
});

/** `outDx = [dy | dy] * factors`. */
export const gateGrad = op<(outDx: Mat, dy: Mat, factors: Mat) => void>({
  args: [output('outDx', 'M', '2*D'), input('dy', 'M', 'D'), input('factors', 'M', '2*D')],
  independent: 'row',
  sizes: bench({ D: V61.hidden }),
  agree: 'exact',
  flops: ({ M, D }) => 2 * M * D,
});

/** `out = a + weight * b`, without a `weight * b`; `out` may be `a`. The weight is one number [1 x 1]. */
export const scaleAdd = op<(out: Mat, a: Mat | null, b: Mat, weight: Mat) => void>({
  args: [
    output('out', 'M', 'D', { mayAlias: ['a'] }),
    input('a', 'M', 'D', optional),
    input('b', 'M', 'D'),
    input('weight', 1, 1),
  ],
  independent: 'row',
  agree: near,
  flops: ({ M, D }, has = () => true) => (has('a') ? 2 : 1) * M * D,
});

/** `accWeight += sum of dy * b`. */
export const scaleAddGrad = op<(accWeight: Mat, dy: Mat, b: Mat) => void>({
  args: [accumulate('accWeight', 1, 1), input('dy', 'M', 'D'), input('b', 'M', 'D')],
  independent: 'row',
  agree: near,
  flops: ({ M, D }) => 2 * M * D,
});

// Not row by row: a row's numbers depend on its place.
/**
 * `out = x / (1 - rate)` or 0, in float32: an element is kept where its random 32-bit number is at least
 * `floor(rate * 2^32)`. The number is Philox of (`seed`, `step`, `stream`, element), where element (i, j) has the number
 * `(firstRow + i) * cols + j`; see `backends/reference/dropout.ts`. The same call on dy is the backward pass.
 */
export const dropout = op<
  (out: Mat, x: Mat, rate: number, seed: number, step: number, stream: number, firstRow: number) => void
>({
  args: [
    output('out', 'M', 'D'),
    input('x', 'M', 'D'),
    scalar('rate'),
    scalar('seed', { whole: 0, values: [0, 1, 2 ** 40 + 5] }),
    scalar('step', { whole: 0, values: [0, 1, 1000] }),
    scalar('stream', { whole: 0, values: [0, 7, 2 ** 32 - 1] }),
    scalar('firstRow', { whole: 0, values: [0, 1, 100, 2 ** 33 + 1] }),
  ],
  agree: 'exact',
  // Ten rounds of two products and four exclusive ors, for four elements.
  flops: ({ M, D }) => 20 * M * D,
});
