import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Layer, StepContext } from '../core/layer.ts';
import type { Parameter } from '../core/parameter.ts';
import type { Mat } from '../core/tensor.ts';

/** `y = exp(x) / sum of exp(x)`, each row by itself. */
export class Softmax implements Layer<null> {
  readonly type = 'softmax';
  readonly coupling = 'row';
  readonly throughKernels = true;
  readonly keeps = { input: false, output: true };
  readonly inCols: number;
  readonly outCols: number;
  readonly macs: number;

  constructor(
    readonly path: string,
    dim: number,
  ) {
    this.inCols = dim;
    this.outCols = dim;
    this.macs = dim;
  }

  parameters(): Iterable<Parameter> {
    return [];
  }

  plan(): null {
    return null;
  }

  forward({ kernels }: StepContext, x: Mat, y: Mat): void {
    kernels.softmax(y, x, 1);
  }

  backward({ kernels }: StepContext, _x: Mat, y: Mat, dy: Mat, dx: Mat): void {
    kernels.softmaxGrad(dx, dy, y, 1);
  }
}

export const softmax = component({
  kind: 'layer',
  type: 'softmax',
  summary: 'Makes shares of each row: positive numbers whose sum is 1. A router over branches takes them.',
  schema: z.strictObject({}),
  examples: [{}],
  create: (_, { path, inCols }) => new Softmax(path, inCols),
});
