import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Coupling, InTraining, Layer, StepContext } from '../core/layer.ts';
import type { Parameter } from '../core/parameter.ts';
import { streamOf } from '../core/philox.ts';
import type { Mat } from '../core/tensor.ts';

/**
 * In training, each element is 0 with probability `rate` and else `x / (1 - rate)` (Srivastava et al. 2014); outside it,
 * `y = x`. Which elements are dropped follows from the run's seed, the step, the layer's path and the element alone.
 */
export class Dropout implements Layer<null> {
  readonly type = 'dropout';
  /** A token's occurrences draw different numbers: one row cannot represent all of them in a collapsed step. */
  readonly coupling: Coupling;
  readonly throughKernels = true;
  readonly keeps = { input: false, output: false };
  readonly inCols: number;
  readonly outCols: number;
  readonly macs: number;
  readonly inTraining: InTraining | undefined;
  private readonly stream: number;

  constructor(
    readonly path: string,
    dim: number,
    private readonly rate: number,
  ) {
    this.inCols = dim;
    this.outCols = dim;
    this.macs = dim;
    this.coupling = rate > 0 ? 'random' : 'row';
    this.inTraining = rate > 0 ? { dropout: rate } : undefined;
    this.stream = streamOf(path);
  }

  parameters(): Iterable<Parameter> {
    return [];
  }

  plan(): null {
    return null;
  }

  forward(ctx: StepContext, x: Mat, y: Mat): void {
    this.drop(ctx, y, x);
  }

  /** The same elements are dropped: backward draws them again. */
  backward(ctx: StepContext, _x: Mat, _y: Mat, dy: Mat, dx: Mat): void {
    this.drop(ctx, dx, dy);
  }

  private drop({ kernels, training, rng, firstRow }: StepContext, out: Mat, x: Mat): void {
    const rate = training ? this.rate : 0;
    kernels.dropout(out, x, rate, rng.seed, rng.step, this.stream, firstRow);
  }
}

export const dropout = component({
  kind: 'layer',
  type: 'dropout',
  summary:
    'In training, sets elements to 0 at random and scales the others, so that the mean stays; a model with it does not collapse.',
  schema: z.strictObject({
    rate: z.number().min(0).lt(1).describe('Share of the elements that are set to 0.'),
  }),
  main: 'rate',
  examples: [{ rate: 0.25 }],
  create: ({ rate }, { path, inCols }) => new Dropout(path, inCols, rate),
});
