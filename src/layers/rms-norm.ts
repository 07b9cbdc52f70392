import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Layer, StepContext } from '../core/layer.ts';
import { count } from '../core/options.ts';
import { Parameter } from '../core/parameter.ts';
import type { Planner } from '../core/planner.ts';
import type { Mat } from '../core/tensor.ts';

interface RmsNormCache {
  /** 1 / rms of each row or group: backward needs it, and computing it again would be a pass over x. */
  readonly rstd: Mat;
}

/**
 * `y = x / sqrt(mean(x^2) + eps) * gain` (Zhang and Sennrich 2019). With `groups` each group of columns, such as a head, is
 * divided by its own root mean square; all have one gain.
 */
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
  private readonly groups: number;
  /** Tensors of the layer with a row for each group. They are the same from call to call. */
  private readonly regrouped = new WeakMap<Mat, Mat>();

  constructor(
    readonly path: string,
    dim: number,
    options: { readonly gain: boolean; readonly eps: number; readonly groups?: number },
  ) {
    this.groups = options.groups ?? 1;
    this.inCols = dim;
    this.outCols = dim;
    this.macs = 2 * dim;
    this.eps = options.eps;
    this.gain = options.gain ? new Parameter(`${path}.gain`, 1, dim / this.groups, { constant: 1 }) : null;
  }

  parameters(): Iterable<Parameter> {
    return this.gain ? [this.gain] : [];
  }

  plan(rows: number, p: Planner): RmsNormCache {
    return { rstd: p.saved(`${this.path}/rstd`, rows * this.groups, 1) };
  }

  forward(ctx: StepContext, x: Mat, y: Mat, { rstd }: RmsNormCache): void {
    ctx.kernels.rmsNorm(this.grouped(y), rstd, this.grouped(x), this.gain?.value ?? null, this.eps);
  }

  backward(ctx: StepContext, x: Mat, _y: Mat, dy: Mat, dx: Mat, { rstd }: RmsNormCache): void {
    const { value = null, grad = null } = this.gain ?? {};
    ctx.kernels.rmsNormGrad(this.grouped(dx), grad, this.grouped(dy), this.grouped(x), value, rstd);
  }

  /** The same numbers with a row for each group. */
  private grouped(t: Mat): Mat {
    if (this.groups === 1) return t;
    let found = this.regrouped.get(t);
    if (!found) {
      found = { ...t, rows: t.rows * this.groups, cols: t.cols / this.groups };
      this.regrouped.set(t, found);
    }
    return found;
  }
}

export const rmsNorm = component({
  kind: 'layer',
  type: 'rms_norm',
  summary: 'Divides each row by its root mean square.',
  schema: z.strictObject({
    gain: z.boolean().default(true).describe('Multiply each channel by a learned gain.'),
    eps: z.number().positive().default(1e-6).describe('Added to the mean square.'),
    groups: count
      .default(1)
      .describe(
        'Equal parts of the columns, such as heads, each divided by its own; the gain is common to them.',
      ),
  }),
  examples: [{}, { gain: false }, { groups: 2 }],
  create: (options, { path, inCols, fail }) => {
    if (inCols % options.groups)
      fail(`${inCols} columns come in, which cannot be split into ${options.groups} equal groups`, 'groups');
    return new RmsNorm(path, inCols, options);
  },
});
