import { z } from 'zod';
import { component } from '../core/component.ts';
import type { InputLayer, StepContext } from '../core/layer.ts';
import { count, init } from '../core/options.ts';
import { type Init, Parameter } from '../core/parameter.ts';
import type { Ids, Mat } from '../core/tensor.ts';

/** `y_i = E[id_i]`; `dE[id_i] += dy_i`. */
export class Embedding implements InputLayer<null> {
  readonly type = 'embedding';
  readonly inCols = 1;
  readonly outCols: number;
  readonly coupling = 'row';
  readonly throughKernels = true;
  readonly keeps = { input: true, output: false };
  readonly macs = 0;
  /** [vocab x dim]; a tied head uses it too. */
  readonly table: Parameter;

  constructor(
    readonly path: string,
    readonly vocab: number,
    dim: number,
    init: Init,
  ) {
    this.outCols = dim;
    this.table = new Parameter(`${path}.weight`, vocab, dim, init, { decay: true, table: 'embedding' });
  }

  parameters(): Iterable<Parameter> {
    return [this.table];
  }

  plan(): null {
    return null;
  }

  forward(ctx: StepContext, ids: Ids, y: Mat): void {
    ctx.kernels.gatherRows(y, this.table.value, ids);
  }

  backward(ctx: StepContext, ids: Ids, _y: Mat, dy: Mat): void {
    ctx.kernels.scatterAddRows(this.table.grad, dy, ids);
  }
}

export const embedding = component({
  kind: 'input',
  type: 'embedding',
  summary: 'A learned row for each token.',
  schema: z.strictObject({
    vocab: count.describe('Number of tokens.'),
    dim: count.describe('Columns of a row: the width of the model.'),
    init: init.default({ normal: 0.02 }).describe('First values.'),
  }),
  examples: [{ vocab: 16, dim: 8 }],
  create: ({ vocab, dim, init }, { path }) => new Embedding(path, vocab, dim, init),
});
