import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Coupling, Layer, StepContext } from '../core/layer.ts';
import { count } from '../core/options.ts';
import { Parameter } from '../core/parameter.ts';
import type { Planner } from '../core/planner.ts';
import type { Mat } from '../core/tensor.ts';

interface GroupNormCache {
  /** Of each group of each row [rows x groups]; backward needs both. */
  readonly mean: Mat;
  readonly rstd: Mat;
}

export interface GroupNormOptions {
  readonly groups: number;
  /** What a group's mean and variance are taken over: its columns of one row, or of all rows of the sequence. */
  readonly over: 'position' | 'time';
  readonly gain: boolean;
  readonly bias: boolean;
  readonly eps: number;
}

/**
 * `y = (x - mean) / sqrt(variance + eps) * gain + bias`, each group of columns by itself (Wu and He 2018). With one group it is
 * layer norm (Ba et al. 2016). Over time, rows see later ones.
 */
export class GroupNorm implements Layer<GroupNormCache> {
  readonly coupling: Coupling;
  readonly seesLater: boolean;
  readonly throughKernels = true;
  readonly keeps = { input: true, output: false };
  readonly inCols: number;
  readonly outCols: number;
  readonly macs: number;
  private readonly gain: Parameter | null;
  private readonly bias: Parameter | null;

  constructor(
    readonly path: string,
    readonly type: string,
    dim: number,
    private readonly options: GroupNormOptions,
  ) {
    this.inCols = dim;
    this.outCols = dim;
    this.macs = 4 * dim;
    this.seesLater = options.over === 'time';
    this.coupling = this.seesLater ? 'sequence' : 'row';
    this.gain = options.gain ? new Parameter(`${path}.gain`, 1, dim, { constant: 1 }) : null;
    this.bias = options.bias ? new Parameter(`${path}.bias`, 1, dim, { constant: 0 }) : null;
  }

  parameters(): Iterable<Parameter> {
    return [this.gain, this.bias].filter((p) => p !== null);
  }

  plan(rows: number, p: Planner): GroupNormCache {
    const { groups } = this.options;
    return {
      mean: p.saved(`${this.path}/mean`, rows, groups),
      rstd: p.saved(`${this.path}/rstd`, rows, groups),
    };
  }

  forward({ kernels, starts, seqLen }: StepContext, x: Mat, y: Mat, { mean, rstd }: GroupNormCache): void {
    const { over, eps } = this.options;
    const [gain, bias] = [this.gain?.value ?? null, this.bias?.value ?? null];
    if (over === 'time') kernels.normalizeOverTime(y, mean, rstd, x, gain, bias, eps, starts, seqLen);
    else kernels.normalize(y, mean, rstd, x, gain, bias, eps);
  }

  backward(
    { kernels, starts, seqLen }: StepContext,
    x: Mat,
    _y: Mat,
    dy: Mat,
    dx: Mat,
    { mean, rstd }: GroupNormCache,
  ): void {
    const [dGain, dBias] = [this.gain?.grad ?? null, this.bias?.grad ?? null];
    const gain = this.gain?.value ?? null;
    if (this.options.over === 'time')
      kernels.normalizeOverTimeGrad(dx, dGain, dBias, dy, x, gain, mean, rstd, starts, seqLen);
    else kernels.normalizeGrad(dx, dGain, dBias, dy, x, gain, mean, rstd);
  }
}

const affine = {
  gain: z.boolean().default(true).describe('Multiply each channel by a learned gain.'),
  bias: z.boolean().default(true).describe('Add a learned bias to each channel.'),
  eps: z.number().positive().default(1e-5).describe('Added to the variance.'),
};

export const layerNorm = component({
  kind: 'layer',
  type: 'layer_norm',
  summary: 'Subtracts the mean of each row and divides by its standard deviation.',
  schema: z.strictObject(affine),
  examples: [{}, { bias: false }, { gain: false, bias: false, eps: 1e-3 }],
  create: (options, { path, inCols }) =>
    new GroupNorm(path, 'layer_norm', inCols, { ...options, groups: 1, over: 'position' }),
});

export const groupNorm = component({
  kind: 'layer',
  type: 'group_norm',
  summary: 'Normalises each group of columns by its own mean and standard deviation.',
  schema: z.strictObject({
    groups: count.describe('Groups that the columns are divided into, side by side.'),
    over: z
      .enum(['position', 'time'])
      .default('position')
      .describe(
        'What a mean is taken over: columns of one row, or (time) of all rows of the document, so that rows see later ones and the model is not causal.',
      ),
    ...affine,
  }),
  examples: [
    { groups: 2 },
    { groups: 2, over: 'time' },
    { groups: 1, over: 'time', gain: false, bias: false },
  ],
  create: (options, { path, inCols, fail }) => {
    const { groups } = options;
    if (inCols % groups !== 0)
      fail(`${inCols} columns come in, which do not divide into ${groups} groups`, 'groups');
    return new GroupNorm(path, 'group_norm', inCols, options);
  },
});
