import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Layer, StepContext } from '../core/layer.ts';
import type { Parameter } from '../core/parameter.ts';
import type { Mat } from '../core/tensor.ts';

/** `y = x`: a branch that leaves its rows as they are. */
export class Identity implements Layer<null> {
  readonly type = 'identity';
  readonly coupling = 'row';
  readonly throughKernels = true;
  readonly keeps = { input: false, output: false };
  readonly inCols: number;
  readonly outCols: number;
  readonly macs = 0;

  constructor(
    readonly path: string,
    dim: number,
  ) {
    this.inCols = dim;
    this.outCols = dim;
  }

  parameters(): Iterable<Parameter> {
    return [];
  }

  plan(): null {
    return null;
  }

  forward({ kernels }: StepContext, x: Mat, y: Mat): void {
    kernels.sliceColumns(y, x, 0);
  }

  backward({ kernels }: StepContext, _x: Mat, _y: Mat, dy: Mat, dx: Mat): void {
    kernels.sliceColumns(dx, dy, 0);
  }
}

export const identity = component({
  kind: 'layer',
  type: 'identity',
  summary: 'Gives what comes in, for a branch.',
  schema: z.strictObject({}),
  examples: [{}],
  create: (_, { path, inCols }) => new Identity(path, inCols),
});
