import { z } from 'zod';
import { ACTIVATION_FNS, type ActivationFn } from '../core/choices.ts';
import { component } from '../core/component.ts';
import type { Layer, StepContext } from '../core/layer.ts';
import type { Parameter } from '../core/parameter.ts';
import type { Planner } from '../core/planner.ts';
import type { Mat } from '../core/tensor.ts';

interface ActivationCache {
  /** dy/dx, all that backward needs. Null where there is none. */
  readonly slope: Mat | null;
}

/** A function of each element alone. */
export class Activation implements Layer<ActivationCache> {
  readonly type: ActivationFn;
  readonly coupling = 'row';
  readonly throughKernels = true;
  readonly keeps = { input: false, output: false };
  readonly inCols: number;
  readonly outCols: number;
  readonly macs: number;

  constructor(
    readonly path: string,
    dim: number,
    fn: ActivationFn,
  ) {
    this.type = fn;
    this.inCols = dim;
    this.outCols = dim;
    this.macs = dim;
  }

  parameters(): Iterable<Parameter> {
    return [];
  }

  plan(rows: number, p: Planner): ActivationCache {
    return { slope: p.training ? p.saved(`${this.path}/slope`, rows, this.inCols) : null };
  }

  forward(ctx: StepContext, x: Mat, y: Mat, { slope }: ActivationCache): void {
    ctx.kernels.activation(y, slope, x, this.type);
  }

  backward(ctx: StepContext, _x: Mat, _y: Mat, dy: Mat, dx: Mat, { slope }: ActivationCache): void {
    ctx.kernels.multiply(dx, dy, slope!);
  }
}

const SUMMARIES: Readonly<Record<ActivationFn, string>> = {
  silu: 'x * sigmoid(x).',
  sigmoid: '1 / (1 + exp(-x)).',
  tanh: 'Hyperbolic tangent.',
  relu: 'max(x, 0).',
  relu2: 'max(x, 0) squared.',
  gelu: 'x times the share of the standard normal distribution that is below x.',
  gelu_tanh: 'The approximation of gelu by tanh: x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))) / 2.',
  softplus: 'ln(1 + exp(x)).',
};

/** One component for each function, under its name. */
export const activations = ACTIVATION_FNS.map((fn) =>
  component({
    kind: 'layer',
    type: fn,
    summary: SUMMARIES[fn],
    schema: z.strictObject({}),
    examples: [{}],
    create: (_, { path, inCols }) => new Activation(path, inCols, fn),
  }),
);
