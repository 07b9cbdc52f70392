import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Layer, StepContext } from '../core/layer.ts';
import { count, init } from '../core/options.ts';
import { type Init, Parameter, type ParameterUse } from '../core/parameter.ts';
import type { Planner } from '../core/planner.ts';
import type { Mat } from '../core/tensor.ts';

interface SlotsCache {
  /** Of each row, the share of each slot: what backward needs beside x. */
  readonly shares: Mat;
  /** Scores, and their gradients. */
  readonly scores: Mat;
  /** Null where there is no backward pass. */
  readonly dShares: Mat | null;
}

/** A learned memory S [slots x columns] that each row reads: `y = softmax(x S^T / sqrt(columns)) S`. */
export class Slots implements Layer<SlotsCache> {
  readonly type = 'slots';
  readonly coupling = 'row';
  readonly throughKernels = true;
  readonly keeps = { input: true, output: false };
  readonly inCols: number;
  readonly outCols: number;
  readonly macs: number;
  /** Compared with the rows, and read by their shares: two uses, each with its gradient. */
  private readonly slots: Parameter;
  private readonly read: ParameterUse;
  private readonly factor: number;

  constructor(
    readonly path: string,
    dim: number,
    private readonly count: number,
    init: Init,
  ) {
    this.inCols = dim;
    this.outCols = dim;
    this.macs = 2 * count * dim;
    this.factor = 1 / Math.sqrt(dim);
    this.slots = new Parameter(`${path}.slots`, count, dim, init, { decay: true, matrix: true });
    this.read = this.slots.share();
  }

  parameters(): Iterable<Parameter> {
    return [this.slots];
  }

  plan(rows: number, p: Planner): SlotsCache {
    const scratch = (what: string) => p.scratch(`${this.path}/${what}`, rows, this.count);
    const shares = p.saved(`${this.path}/shares`, rows, this.count);
    const scores = scratch('scores');
    const dShares = p.training ? scratch('grad(shares)') : null;
    p.release(scores);
    if (dShares) p.release(dShares);
    return { shares, scores, dShares };
  }

  forward({ kernels, compute }: StepContext, x: Mat, y: Mat, { shares, scores }: SlotsCache): void {
    const { value } = this.slots;
    kernels.matmulTransB(scores, x, value, compute.products);
    kernels.softmax(shares, scores, this.factor);
    kernels.matmul(y, shares, value, compute.products);
  }

  backward({ kernels, compute }: StepContext, x: Mat, _y: Mat, dy: Mat, dx: Mat, cache: SlotsCache): void {
    const { shares, scores: dScores, dShares } = cache;
    const { value, grad } = this.slots;
    kernels.matmulTransA(this.read.grad, shares, dy, compute.products);
    kernels.matmulTransB(dShares!, dy, value, compute.products);
    kernels.softmaxGrad(dScores, dShares!, shares, this.factor);
    kernels.matmulTransA(grad, dScores, x, compute.products);
    kernels.matmul(dx, dScores, value, compute.products);
  }
}

export const slots = component({
  kind: 'layer',
  type: 'slots',
  summary: 'Reads a learned memory: a mean of its slots, each weighed by how well it fits the row.',
  schema: z.strictObject({
    count: count.describe('Slots.'),
    init: init.default({ normal: 0.02 }).describe('First values.'),
  }),
  examples: [{ count: 5, init: { normal: 0.5 } }],
  create: ({ count, init }, { path, inCols }) => new Slots(path, inCols, count, init),
});
