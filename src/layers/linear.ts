import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Layer, StepContext } from '../core/layer.ts';
import { count, initOf, matrixInit } from '../core/options.ts';
import { type Init, Parameter } from '../core/parameter.ts';
import type { Mat } from '../core/tensor.ts';

/** `y = x . W^T + b` with float weights [out x in]; the bias begins at 0. */
export class Linear implements Layer<null> {
  readonly type = 'linear';
  readonly coupling = 'row';
  readonly throughKernels = true;
  readonly keeps = { input: true, output: false };
  readonly macs: number;
  private readonly weight: Parameter;
  private readonly bias: Parameter | null;

  constructor(
    readonly path: string,
    readonly inCols: number,
    readonly outCols: number,
    options: { readonly bias: boolean; readonly init: Init },
  ) {
    this.macs = inCols * outCols;
    this.weight = new Parameter(`${path}.weight`, outCols, inCols, options.init, {
      decay: true,
      matrix: true,
    });
    this.bias = options.bias ? new Parameter(`${path}.bias`, 1, outCols, { constant: 0 }) : null;
  }

  parameters(): Iterable<Parameter> {
    return this.bias ? [this.weight, this.bias] : [this.weight];
  }

  plan(): null {
    return null;
  }

  forward({ kernels, compute }: StepContext, x: Mat, y: Mat): void {
    kernels.matmulTransB(y, x, this.weight.value, compute.products);
    if (this.bias) kernels.addBias(y, y, this.bias.value);
  }

  backward({ kernels, compute }: StepContext, x: Mat, _y: Mat, dy: Mat, dx: Mat): void {
    if (this.bias) kernels.addBiasGrad(this.bias.grad, dy);
    kernels.matmulTransA(this.weight.grad, dy, x, compute.products);
    kernels.matmul(dx, dy, this.weight.value, compute.products);
  }
}

export const linear = component({
  kind: 'layer',
  type: 'linear',
  summary: 'A linear layer with float weights.',
  schema: z.strictObject({
    out: count.describe('Columns that come out.'),
    bias: z.boolean().default(false).describe('Add a learned bias to each column that comes out.'),
    init: matrixInit,
  }),
  examples: [{ out: 12 }, { out: 5, bias: true, init: 'fan_out' }],
  create: ({ out, bias, init }, { path, inCols }) =>
    new Linear(path, inCols, out, { bias, init: initOf(init, inCols, out) }),
});
