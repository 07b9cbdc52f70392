import type { FloatPrecision } from '../../compute.ts';
import type { Mat, SparseTargets } from '../../tensor.ts';
import {
  accumulate,
  floatPrecision,
  input,
  near,
  op,
  optional,
  output,
  scalar,
  targets,
  update,
} from '../arguments.ts';

/** With a single class the gradient is 0, and only rounding is left to compare. */
const severalClasses = { V: { min: 2 } } as const;

/** Losses are added up over rows: an error matters beside their sum. */
const nearButNats = { ...near, whole: ['outNats'] } as const;

/**
 * What a float32 kernel computes and then rounds to bf16 may fall on the other side of a rounding boundary than another
 * kernel's: one unit of bf16's last place, for the few elements that lie that close to one.
 */
const roundedOnTheWay = { nearIn: { bf16: 2 ** -8 } } as const;

/**
 * 0: none. In this order, tests of subnormal weights have neither: the slopes of a cap leave dz so small that float32 sums of
 * its products have no digits to compare.
 */
const cap = scalar('cap', { values: [2, 0, 30], steady: 0 });
const zLoss = scalar('zLoss', { values: [0, 0.01], steady: 0 });

/**
 * Per row, with weights `c_j` on target ids j and `n = sum c_j`: `outNats = n * logsumexp(z) - sum c_j z_j`, and,
 * where wanted, `outDz = scale * (n * softmax(z) - c)`.
 *
 * With `cap > 0`, `cap * tanh(z / cap)` replaces z; `outDz` is still the gradient with respect to z. With `zLoss > 0`,
 * `zLoss * n * logsumexp(z)^2` is added to the nats, which keeps logits from drifting.
 */
export const softmaxCrossEntropy = op<
  (
    outNats: Mat,
    outDz: Mat | null,
    z: Mat,
    targets: SparseTargets,
    scale: number,
    cap: number,
    zLoss: number,
  ) => void
>({
  args: [
    output('outNats', 'M', 1),
    output('outDz', 'M', 'V', optional),
    input('z', 'M', 'V', { values: 'logits' }),
    targets,
    scalar('scale', { steady: 1e-3 }),
    cap,
    zLoss,
  ],
  independent: 'row',
  agree: nearButNats,
  sizes: severalClasses,
  flops: ({ M, V }) => 20 * M * V,
});

/** `z = cap * tanh(z / cap)`, for `cap > 0`. */
export const softCap = op<(z: Mat, cap: number) => void>({
  args: [update('z', 'M', 'V', { values: 'moderate' }), scalar('cap', { values: [2, 15, 30], steady: 30 })],
  independent: 'row',
  agree: near,
  flops: ({ M, V }) => 16 * M * V,
});

/** Heads of most models have none. */
const ofBias = { ...optional, unusual: true, values: 'logits' } as const;

/**
 * Head and cross-entropy in one: `z = h . table^T + bias`, nats and dz as in `softmaxCrossEntropy`, `outDh = dz . table`,
 * `accTable += dz^T . h`, `accBias += sum over rows of dz`; `precision` is that of the three products. Logits exist for one
 * tile of rows at a time. Without `outDh`, `accTable` and `accBias` it only evaluates.
 */
export const headLoss = op<
  (
    outNats: Mat,
    outDh: Mat | null,
    accTable: Mat | null,
    accBias: Mat | null,
    h: Mat,
    table: Mat,
    bias: Mat | null,
    targets: SparseTargets,
    scale: number,
    precision: FloatPrecision,
    cap: number,
    zLoss: number,
  ) => void
>({
  args: [
    output('outNats', 'M', 1),
    output('outDh', 'M', 'D', { ...optional, ...roundedOnTheWay }),
    accumulate('accTable', 'V', 'D', { ...optional, ...roundedOnTheWay, values: 'logits' }),
    accumulate('accBias', 1, 'V', ofBias),
    input('h', 'M', 'D', { values: 'logits' }),
    input('table', 'V', 'D', { values: 'logits' }),
    input('bias', 1, 'V', ofBias),
    targets,
    scalar('scale', { steady: 1e-3 }),
    floatPrecision,
    cap,
    zLoss,
  ],
  independent: 'row',
  agree: nearButNats,
  sizes: severalClasses,
  // Logits, and a product for each of the two gradients.
  flops: ({ M, V, D }, has = () => true) =>
    2 * M * V * D * (1 + Number(has('outDh')) + Number(has('accTable'))) + 20 * M * V,
});
