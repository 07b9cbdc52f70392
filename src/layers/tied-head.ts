import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Objective, StepContext } from '../core/layer.ts';
import type { Parameter, ParameterUse } from '../core/parameter.ts';
import type { Mat, SparseTargets } from '../core/tensor.ts';

/**
 * Logits from the embedding's own table, `z = h . E^T`, and cross-entropy (Press and Wolf 2017). The gradient of E is
 * added to what the embedding adds: one parameter, two uses.
 */
export class TiedHead implements Objective<null> {
  readonly type = 'tied_head';
  readonly inCols: number;
  readonly vocab: number;
  readonly macs: number;
  private readonly use: ParameterUse;

  constructor(
    readonly path: string,
    private readonly table: Parameter,
  ) {
    this.use = table.share();
    this.vocab = table.rows;
    this.inCols = table.cols;
    this.macs = table.size;
  }

  /** None of its own. */
  parameters(): Iterable<Parameter> {
    return [];
  }

  plan(): null {
    return null;
  }

  loss(ctx: StepContext, outNats: Mat, h: Mat, targets: SparseTargets, scale: number, dh: Mat | null): void {
    ctx.kernels.headLoss(
      outNats,
      dh,
      dh && this.use.grad,
      h,
      this.table.value,
      targets,
      scale,
      ctx.compute.products,
    );
  }

  logits(ctx: StepContext, out: Mat, h: Mat): void {
    ctx.kernels.matmulTransB(out, h, this.table.value, ctx.compute.products);
  }
}

export const tiedHead = component({
  kind: 'objective',
  type: 'tied_head',
  summary: "Logits from the embedding's own table, and cross-entropy.",
  schema: z.strictObject({}),
  examples: [{}],
  create: (_, { path, inCols, parameterOf, fail }) => {
    const table = parameterOf('embedding') ?? fail('tied_head needs an embedding as the first layer');
    if (table.cols !== inCols) {
      fail(`${inCols} columns come in, but the embedding it is tied to has dim ${table.cols}`);
    }
    return new TiedHead(path, table);
  },
});
