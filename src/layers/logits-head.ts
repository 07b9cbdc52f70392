import { z } from 'zod';
import type { Objective, StepContext } from '../core/layer.ts';
import type { Parameter } from '../core/parameter.ts';
import type { Planner } from '../core/planner.ts';
import type { Mat, SparseTargets } from '../core/tensor.ts';

export interface LogitsOptions {
  /** Logits are `cap * tanh(z / cap)`; null: as they are. */
  readonly softCap: number | null;
  /** In training this times logsumexp(z)^2 is added to a token's loss. */
  readonly zLoss: number;
}

/** The options that every head has in recipes. */
export const LOGITS_OPTIONS = {
  soft_cap: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe('Bound on logits: cap * tanh(z / cap) takes their place; null: none.'),
  z_loss: z
    .number()
    .min(0)
    .default(0)
    .describe('Training adds this times logsumexp(z)² to the loss of a token, so that logits do not drift.'),
};

/** Logits `z = h . table^T + bias` and cross-entropy, without [rows x vocab] in memory: what all heads have in common. */
export abstract class LogitsHead<C> implements Objective<C> {
  abstract readonly type: string;
  abstract readonly inCols: number;
  abstract readonly vocab: number;
  abstract readonly macs: number;

  constructor(
    readonly path: string,
    private readonly logitsOptions: LogitsOptions,
  ) {}

  abstract parameters(): Iterable<Parameter>;
  abstract plan(rows: number, p: Planner): C;
  /** What is multiplied [vocab x inCols], and what its gradient is added to. */
  protected abstract table(): Pick<Parameter, 'value' | 'grad'>;
  /** Added to the logits [1 x vocab]. */
  protected readonly bias: Parameter | null = null;
  /** The rows that are multiplied; their gradient is that of h. */
  protected abstract rows(ctx: StepContext, h: Mat, cache: C): Mat;

  loss(
    ctx: StepContext,
    outNats: Mat,
    h: Mat,
    targets: SparseTargets,
    scale: number,
    dh: Mat | null,
    cache: C,
  ): void {
    const { softCap, zLoss } = this.logitsOptions;
    const { value, grad } = this.table();
    const rows = this.rows(ctx, h, cache);
    const { products } = ctx.compute;
    const pull = ctx.training ? zLoss : 0;
    const { bias } = this;
    ctx.kernels.headLoss(
      outNats,
      dh,
      dh && grad,
      dh && (bias?.grad ?? null),
      rows,
      value,
      bias?.value ?? null,
      targets,
      scale,
      products,
      softCap ?? 0,
      pull,
    );
  }

  logits(ctx: StepContext, out: Mat, h: Mat, cache: C): void {
    const { softCap } = this.logitsOptions;
    ctx.kernels.matmulTransB(out, this.rows(ctx, h, cache), this.table().value, ctx.compute.products);
    if (this.bias) ctx.kernels.addBias(out, out, this.bias.value);
    if (softCap !== null) ctx.kernels.softCap(out, softCap);
  }
}
