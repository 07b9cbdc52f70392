import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Layer, StepContext } from '../core/layer.ts';
import type { Parameter } from '../core/parameter.ts';
import type { Planner } from '../core/planner.ts';
import type { Mat } from '../core/tensor.ts';

interface RunningMeanCache {
  /** The sum of the rows before each sequence and, after it, their number. */
  readonly state: Mat;
}

/** `y_t` is the mean of the rows of its document up to row t. */
export class RunningMean implements Layer<RunningMeanCache> {
  readonly type = 'running_mean';
  readonly coupling = 'sequence';
  readonly throughKernels = true;
  readonly keeps = { input: false, output: false };
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

  plan(_rows: number, p: Planner): RunningMeanCache {
    return { state: p.state(`${this.path}/state`, 1, this.inCols + 1) };
  }

  forward({ kernels, starts, seqLen }: StepContext, x: Mat, y: Mat, { state }: RunningMeanCache): void {
    kernels.runningMean(y, state, x, starts, seqLen);
  }

  backward({ kernels, starts, seqLen }: StepContext, _x: Mat, _y: Mat, dy: Mat, dx: Mat): void {
    kernels.runningMeanGrad(dx, dy, starts, seqLen);
  }
}

export const runningMean = component({
  kind: 'layer',
  type: 'running_mean',
  summary: 'The mean of the rows so far.',
  schema: z.strictObject({}),
  examples: [{}],
  create: (_, { path, inCols }) => new RunningMean(path, inCols),
});
