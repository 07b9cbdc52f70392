import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Layer, StepContext } from '../core/layer.ts';
import { Parameter } from '../core/parameter.ts';
import type { Mat } from '../core/tensor.ts';
import { boundOf, type LowerBound, lowerBound } from './lower-bounds.ts';

/**
 * `y = [f | (1 - f) v]` with `x = [z | v]` and `f = b + (1 - b) sigmoid(z + bias)`: what a `scan` takes. 1 - f is computed from
 * sigmoid(-z), not as a difference.
 */
export class ForgetGate implements Layer<null> {
  readonly type = 'forget_gate';
  readonly coupling = 'row';
  readonly throughKernels = true;
  readonly keeps = { input: true, output: false };
  readonly outCols: number;
  readonly macs: number;
  private readonly bias: Parameter | null;

  constructor(
    readonly path: string,
    readonly inCols: number,
    private readonly options: { readonly bound: LowerBound; readonly bias: boolean },
  ) {
    this.outCols = inCols;
    this.macs = inCols;
    this.bias = options.bias ? new Parameter(`${path}.bias`, 1, inCols / 2, { constant: 0 }) : null;
  }

  *parameters(): Iterable<Parameter> {
    yield* this.options.bound.parameters();
    if (this.bias) yield this.bias;
  }

  plan(): null {
    return null;
  }

  forward({ kernels }: StepContext, x: Mat, y: Mat): void {
    const { bound } = this.options;
    const [layer, layers] = bound.place;
    kernels.forgetGate(y, x, bound.logits, this.bias?.value ?? null, bound.floor, layer, layers);
  }

  backward({ kernels }: StepContext, x: Mat, _y: Mat, dy: Mat, dx: Mat): void {
    const { bound } = this.options;
    const [layer, layers] = bound.place;
    const { value = null, grad = null } = this.bias ?? {};
    kernels.forgetGateGrad(dx, bound.gradient, grad, dy, x, bound.logits, value, bound.floor, layer, layers);
  }
}

export const forgetGate = component({
  kind: 'layer',
  type: 'forget_gate',
  summary:
    'Halves its columns, z and v: a gate f, the sigmoid of z, and beside it what it lets in, (1 - f) * v. A scan takes both.',
  schema: z.strictObject({
    lower_bound: lowerBound,
    bias: z.boolean().default(false).describe('Add a learned bias to z.'),
  }),
  examples: [{}, { lower_bound: 0.5, bias: true }],
  create: ({ lower_bound, bias }, scope) => {
    const { path, inCols, fail } = scope;
    if (inCols % 2) fail(`${inCols} columns come in, but forget_gate needs an even number to halve`);
    return new ForgetGate(path, inCols, { bound: boundOf(lower_bound, inCols / 2, scope), bias });
  },
});
