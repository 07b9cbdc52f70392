import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Layer, StepContext } from '../core/layer.ts';
import { Parameter } from '../core/parameter.ts';
import type { Planner } from '../core/planner.ts';
import type { Mat } from '../core/tensor.ts';

interface RmsNormCache {
  /** 1 / rms of each row: backward needs it, and computing it again would be a pass over x. */
  readonly rstd: Mat;
}

/** `y = x / sqrt(mean(x^2) + eps) * gain` (Zhang and Sennrich 2019). */
export class RmsNorm implements Layer<RmsNormCache> {
  readonly type = 'rms_norm';
  readonly coupling = 'row';
  readonly throughKernels = true;
  readonly keeps = { input: true, output: false };
  readonly inCols: number;
  readonly outCols: number;
  readonly macs: number;
  private readonly eps: number;
  private readonly gain: Parameter | null;

  constructor(
    readonly path: string,
    dim: number,
    options: { readonly gain: boolean; readonly eps: number },
  ) {
    this.inCols = dim;
    this.outCols = dim;
    this.macs = 2 * dim;
    this.eps = options.eps;
    this.gain = options.gain ? new Parameter(`${path}.gain`, 1, dim, { constant: 1 }) : null;
  }

  parameters(): Iterable<Parameter> {
    return this.gain ? [this.gain] : [];
  }

  plan(rows: number, p: Planner): RmsNormCache {
    return { rstd: p.saved(`${this.path}/rstd`, rows, 1) };
  }

  forward(ctx: StepContext, x: Mat, y: Mat, { rstd }: RmsNormCache): void {
    ctx.kernels.rmsNorm(y, rstd, x, this.gain?.value ?? null, this.eps);
  }

  backward(ctx: StepContext, x: Mat, _y: Mat, dy: Mat, dx: Mat, { rstd }: RmsNormCache): void {
    ctx.kernels.rmsNormGrad(dx, this.gain?.grad ?? null, dy, x, this.gain?.value ?? null, rstd);
  }
}

export const rmsNorm = component({
  kind: 'layer',
  type: 'rms_norm',
  summary: 'Divides each row by its root mean square.',
  schema: z.strictObject({
    gain: z.boolean().default(true).describe('Multiply each channel by a learned gain.'),
    eps: z.number().positive().default(1e-6).describe('Added to the mean square.'),
  }),
  examples: [{}, { gain: false }],
  create: (options, { path, inCols }) => new RmsNorm(path, inCols, options),
});
