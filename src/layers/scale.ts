import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Layer, StepContext } from '../core/layer.ts';
import type { Parameter } from '../core/parameter.ts';
import type { Mat } from '../core/tensor.ts';

/** `y = factor * x` with a factor that is not learned. */
export class Scale implements Layer<null> {
  readonly type = 'scale';
  readonly coupling = 'row';
  readonly throughKernels = true;
  readonly keeps = { input: false, output: false };
  readonly inCols: number;
  readonly outCols: number;
  readonly macs: number;

  constructor(
    readonly path: string,
    dim: number,
    private readonly factor: number,
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
    kernels.sliceColumns(y, x, 0);
    kernels.scale(y, this.factor);
  }

  backward({ kernels }: StepContext, _x: Mat, _y: Mat, dy: Mat, dx: Mat): void {
    kernels.sliceColumns(dx, dy, 0);
    kernels.scale(dx, this.factor);
  }
}

export const scale = component({
  kind: 'layer',
  type: 'scale',
  summary: 'Multiplies every element by a number that is not learned.',
  main: 'by',
  schema: z.strictObject({
    by: z
      .union([z.literal('sqrt'), z.literal('inverse_sqrt'), z.number()])
      .describe('The number; sqrt and inverse_sqrt are of the number of columns.'),
  }),
  examples: [{ by: 0.5 }, { by: 'inverse_sqrt' }],
  create: ({ by }, { path, inCols }) => {
    if (typeof by === 'number') return new Scale(path, inCols, by);
    return new Scale(path, inCols, by === 'sqrt' ? Math.sqrt(inCols) : 1 / Math.sqrt(inCols));
  },
});
