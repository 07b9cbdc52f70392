import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Layer, StepContext } from '../core/layer.ts';
import { Parameter } from '../core/parameter.ts';
import type { Mat } from '../core/tensor.ts';
import { boundOf, type LowerBound, lowerBound } from './lower-bounds.ts';

/** `y = log(f) / temperature`, or `[1 - f | log(f) / temperature]`, with `f = b + (1 - b) sigmoid(x + bias)`. */
export class LogDecay implements Layer<null> {
  readonly type = 'log_decay';
  readonly coupling = 'row';
  readonly throughKernels = true;
  readonly keeps = { input: true, output: false };
  readonly outCols: number;
  readonly macs: number;
  private readonly bias: Parameter | null;

  constructor(
    readonly path: string,
    readonly inCols: number,
    private readonly options: {
      readonly bound: LowerBound;
      readonly temperature: number;
      readonly bias: boolean;
      readonly keys: boolean;
    },
  ) {
    this.outCols = options.keys ? 2 * inCols : inCols;
    this.macs = inCols;
    this.bias = options.bias ? new Parameter(`${path}.bias`, 1, inCols, { constant: 0 }) : null;
  }

  *parameters(): Iterable<Parameter> {
    yield* this.options.bound.parameters();
    if (this.bias) yield this.bias;
  }

  plan(): null {
    return null;
  }

  forward({ kernels }: StepContext, x: Mat, y: Mat): void {
    const { bound, temperature } = this.options;
    const [layer, layers] = bound.place;
    const bias = this.bias?.value ?? null;
    kernels.logDecay(y, x, bound.logits, bias, bound.floor, temperature, layer, layers);
  }

  backward({ kernels }: StepContext, x: Mat, _y: Mat, dy: Mat, dx: Mat): void {
    const { bound, temperature } = this.options;
    const [layer, layers] = bound.place;
    const { value = null, grad = null } = this.bias ?? {};
    kernels.logDecayGrad(
      dx,
      bound.gradient,
      grad,
      dy,
      x,
      bound.logits,
      value,
      bound.floor,
      temperature,
      layer,
      layers,
    );
  }
}

export const logDecay = component({
  kind: 'layer',
  type: 'log_decay',
  summary: 'The logarithm of a forget gate (the sigmoid of what comes in), as the decay of gla and delta.',
  schema: z.strictObject({
    temperature: z
      .number()
      .positive()
      .default(1)
      .describe('What the logarithm is divided by: at 16 (GLA) the decay is the 16th root of the gate.'),
    lower_bound: lowerBound,
    bias: z.boolean().default(false).describe('Add a learned bias to what comes in.'),
    keys: z
      .boolean()
      .default(false)
      .describe('Put 1 - gate before the logarithm, as the keys that HGRN2 writes with: twice the columns.'),
  }),
  examples: [{ temperature: 16 }, { lower_bound: 0.25, bias: true, keys: true }],
  create: ({ lower_bound, ...options }, scope) => {
    const { path, inCols } = scope;
    return new LogDecay(path, inCols, { bound: boundOf(lower_bound, inCols, scope), ...options });
  },
});
