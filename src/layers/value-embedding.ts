import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Layer, StepContext } from '../core/layer.ts';
import { count, init } from '../core/options.ts';
import { type Init, Parameter } from '../core/parameter.ts';
import type { Planner } from '../core/planner.ts';
import type { Mat } from '../core/tensor.ts';

interface ValueEmbeddingCache {
  /** The tokens' rows. */
  readonly rows: Mat;
  /** Null without gates. */
  readonly gated: { readonly gates: Mat; readonly dGates: Mat; readonly rows: Mat } | null;
}

/**
 * `y_i = x_i + E[id_i]`, a row of a table for the row's token (value embeddings of modded-nanogpt). With gates,
 * `x = [g | v]` by columns and `y = v + g_h * E[id]_h` for each group h of the columns of v.
 */
export class ValueEmbedding implements Layer<ValueEmbeddingCache> {
  readonly type = 'value_embedding';
  readonly coupling = 'row';
  readonly throughKernels = true;
  readonly keeps: Layer['keeps'];
  readonly inCols: number;
  readonly macs: number;
  private readonly table: Parameter;

  constructor(
    readonly path: string,
    readonly outCols: number,
    private readonly options: { readonly vocab: number; readonly gates: number; readonly init: Init },
  ) {
    const { vocab, gates, init } = options;
    this.inCols = gates + outCols;
    this.macs = outCols;
    this.keeps = { input: gates > 0, output: false };
    this.table = new Parameter(`${path}.weight`, vocab, outCols, init, { decay: true, table: 'embedding' });
  }

  parameters(): Iterable<Parameter> {
    return [this.table];
  }

  plan(rows: number, p: Planner): ValueEmbeddingCache {
    const { gates } = this.options;
    const scratch = (what: string, cols: number) => p.scratch(`${this.path}/${what}`, rows, cols);
    const ofTokens = scratch('rows', this.outCols);
    const gated = gates
      ? {
          gates: scratch('gates', gates),
          dGates: scratch('grad(gates)', gates),
          rows: scratch('gated rows', this.outCols),
        }
      : null;
    for (const t of [ofTokens, ...Object.values(gated ?? {})]) p.release(t);
    return { rows: ofTokens, gated };
  }

  forward({ kernels, ids }: StepContext, x: Mat, y: Mat, { rows, gated }: ValueEmbeddingCache): void {
    kernels.gatherRows(rows, this.table.value, ids);
    if (!gated) {
      kernels.add(y, x, rows);
      return;
    }
    kernels.sliceColumns(gated.gates, x, 0);
    kernels.scaleGroups(gated.rows, rows, gated.gates);
    kernels.sliceColumns(y, x, this.options.gates);
    kernels.add(y, y, gated.rows);
  }

  backward(ctx: StepContext, x: Mat, _y: Mat, dy: Mat, dx: Mat, cache: ValueEmbeddingCache): void {
    const { kernels, ids } = ctx;
    const { gated } = cache;
    if (gated) this.backwardGated(ctx, x, dy, dx, cache.rows, gated);
    else {
      kernels.scatterAddRows(this.table.grad, dy, ids);
      kernels.sliceColumns(dx, dy, 0);
    }
  }

  private backwardGated(
    { kernels, ids }: StepContext,
    x: Mat,
    dy: Mat,
    dx: Mat,
    rows: Mat,
    gated: NonNullable<ValueEmbeddingCache['gated']>,
  ): void {
    const { gates, dGates } = gated;
    kernels.gatherRows(rows, this.table.value, ids);
    kernels.sliceColumns(gates, x, 0);
    kernels.scaleGroupsGrad(gated.rows, dGates, dy, rows, gates);
    kernels.scatterAddRows(this.table.grad, gated.rows, ids);
    kernels.pasteColumns(dx, dGates, 0);
    kernels.pasteColumns(dx, dy, this.options.gates);
  }
}

export const valueEmbedding = component({
  kind: 'layer',
  type: 'value_embedding',
  summary:
    "Adds a learned row for the row's token to values inside the model; with gates, these are the first columns.",
  schema: z.strictObject({
    vocab: count
      .nullable()
      .default(null)
      .describe("Number of tokens; null: the embedding's, which may not be more."),
    gates: z
      .int()
      .min(0)
      .default(0)
      .describe(
        'Numbers before the values, of which each multiplies a group of columns of the row that is added.',
      ),
    init: init.default({ normal: 0.02 }).describe('First values.'),
  }),
  examples: [{ vocab: 8 }, { vocab: 8, gates: 2, init: { normal: 0.5 } }],
  create: ({ vocab, gates, init }, { path, inCols, parameterOf, fail }) => {
    const tokens = parameterOf('embedding')?.rows;
    const rows =
      vocab ??
      tokens ??
      fail('without an embedding as the first layer it needs its number of tokens', 'vocab');
    if (tokens !== undefined && rows < tokens)
      fail(`the embedding has ${tokens} tokens, and this table ${rows} rows`, 'vocab');
    if (gates && (inCols % gates !== 0 || inCols < 2 * gates))
      fail(`${inCols} columns come in, which are not ${gates} gates and ${gates} equal groups`, 'gates');
    return new ValueEmbedding(path, inCols - gates, { vocab: rows, gates, init });
  },
});
