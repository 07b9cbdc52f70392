import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Layer, StepContext } from '../core/layer.ts';
import { count } from '../core/options.ts';
import type { Parameter } from '../core/parameter.ts';
import type { Planner } from '../core/planner.ts';
import type { Mat } from '../core/tensor.ts';

interface DelayCache {
  /** The rows before each sequence, oldest first; it receives the last ones. */
  readonly state: Mat;
}

/** `y_t = x_{t-by}`, zero before a sequence begins. */
export class Delay implements Layer<DelayCache> {
  readonly type = 'delay';
  readonly coupling = 'sequence';
  readonly throughKernels = true;
  readonly keeps = { input: false, output: false };
  readonly inCols: number;
  readonly outCols: number;
  readonly macs = 0;

  constructor(
    readonly path: string,
    dim: number,
    private readonly by: number,
  ) {
    this.inCols = dim;
    this.outCols = dim;
  }

  parameters(): Iterable<Parameter> {
    return [];
  }

  plan(_rows: number, p: Planner): DelayCache {
    return { state: p.state(`${this.path}/state`, this.by, this.inCols) };
  }

  forward({ kernels, starts, seqLen }: StepContext, x: Mat, y: Mat, { state }: DelayCache): void {
    kernels.delay(y, state, x, starts, seqLen);
  }

  backward({ kernels, starts, seqLen }: StepContext, _x: Mat, _y: Mat, dy: Mat, dx: Mat): void {
    kernels.delayGrad(dx, dy, this.by, starts, seqLen);
  }
}

export const delay = component({
  kind: 'layer',
  type: 'delay',
  summary: 'Gives each row what came in some rows before it.',
  main: 'by',
  schema: z.strictObject({ by: count.describe('How many rows before.') }),
  examples: [{ by: 1 }, { by: 3 }],
  create: ({ by }, { path, inCols }) => new Delay(path, inCols, by),
});
