import type { Mat } from '../../tensor.ts';
import { accumulate, input, near, op, optional, output, scalar, size } from '../arguments.ts';

/** A lower bound of a gate. Where layers learn theirs, row `layer` of the `layers` rows of logits is one's. */
const floor = scalar('floor', { values: [0, 0.25, 0.9] });
const LAYERS = {
  equations: ['L = A+1+R'],
  mayBeZero: ['A', 'R'],
  sizes: { A: { tested: [1, 3], bench: 3 }, R: { tested: [1, 2], bench: 2 } },
} as const;
const DECAYS = {
  ...LAYERS,
  limits: { P: [1, 2] },
  sizes: { ...LAYERS.sizes, P: { tested: [1, 2], bench: 1 } },
} as const;
const logits = input('logits', 'L', 'D', { ...optional, values: 'unit' });
const bias = input('bias', 1, 'D', { ...optional, values: 'unit' });
const temperature = scalar('temperature', { values: [1, 16] });

/**
 * With `x = [z | v]` by columns and `f = b + (1 - b) * sigmoid(z + bias)`: `out = [f | (1 - f) * v]`, where 1 - f keeps the
 * digits of small ones. The lower bound b is `floor`; or, given `logits`, what their softmax over the layers adds up to from
 * row 1 to row `layer`, so that row 0 has 0 (Qin et al. 2023).
 */
export const forgetGate = op<
  (
    out: Mat,
    x: Mat,
    logits: Mat | null,
    bias: Mat | null,
    floor: number,
    layer: number,
    layers: number,
  ) => void
>({
  args: [
    output('out', 'M', '2*D'),
    input('x', 'M', '2*D', { values: 'unit' }),
    logits,
    bias,
    floor,
    size('layer', 'A'),
    size('layers', 'L'),
  ],
  independent: 'row',
  agree: near,
  flops: ({ M, D }) => 18 * M * D,
  ...LAYERS,
});

/**
 * With `[df | du]` the columns of dy and `e = df - v * du`: `outDx = [e * f'(z) | (1 - f) * du]`, `accBias += sum over rows of
 * e * f'(z)`; the sum of `e * sigmoid(-z)`, which is the gradient of b, goes through the softmax into `accLogits`.
 */
export const forgetGateGrad = op<
  (
    outDx: Mat,
    accLogits: Mat | null,
    accBias: Mat | null,
    dy: Mat,
    x: Mat,
    logits: Mat | null,
    bias: Mat | null,
    floor: number,
    layer: number,
    layers: number,
  ) => void
>({
  args: [
    output('outDx', 'M', '2*D'),
    accumulate('accLogits', 'L', 'D', optional),
    accumulate('accBias', 1, 'D', optional),
    input('dy', 'M', '2*D', { values: 'unit' }),
    input('x', 'M', '2*D', { values: 'unit' }),
    logits,
    bias,
    floor,
    size('layer', 'A'),
    size('layers', 'L'),
  ],
  independent: 'row',
  // What goes into a sum may cancel.
  agree: { ...near, whole: ['accLogits', 'accBias'] },
  flops: ({ M, D }) => 24 * M * D,
  ...LAYERS,
});

/**
 * With f as in `forgetGate`: `out = log(f) / temperature`, or `[1 - f | log(f) / temperature]` where out has twice the columns of
 * x. Neither is a difference that loses digits.
 */
export const logDecay = op<
  (
    out: Mat,
    x: Mat,
    logits: Mat | null,
    bias: Mat | null,
    floor: number,
    temperature: number,
    layer: number,
    layers: number,
  ) => void
>({
  args: [
    output('out', 'M', 'P*D'),
    input('x', 'M', 'D', { values: 'moderate' }),
    logits,
    bias,
    floor,
    temperature,
    size('layer', 'A'),
    size('layers', 'L'),
  ],
  independent: 'row',
  agree: near,
  flops: ({ M, D }) => 48 * M * D,
  ...DECAYS,
});

/** The gradients of `logDecay`, those of its bound and bias summed over rows as in `forgetGateGrad`. */
export const logDecayGrad = op<
  (
    outDx: Mat,
    accLogits: Mat | null,
    accBias: Mat | null,
    dy: Mat,
    x: Mat,
    logits: Mat | null,
    bias: Mat | null,
    floor: number,
    temperature: number,
    layer: number,
    layers: number,
  ) => void
>({
  args: [
    output('outDx', 'M', 'D'),
    accumulate('accLogits', 'L', 'D', optional),
    accumulate('accBias', 1, 'D', optional),
    input('dy', 'M', 'P*D', { values: 'unit' }),
    input('x', 'M', 'D', { values: 'moderate' }),
    logits,
    bias,
    floor,
    temperature,
    size('layer', 'A'),
    size('layers', 'L'),
  ],
  independent: 'row',
  // A gradient may be the difference of two.
  agree: { ...near, whole: ['outDx', 'accLogits', 'accBias'] },
  flops: ({ M, D }) => 30 * M * D,
  ...DECAYS,
});
