import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Layer, StepContext } from '../core/layer.ts';
import { count, init } from '../core/options.ts';
import { type Init, Parameter } from '../core/parameter.ts';
import type { Planner } from '../core/planner.ts';
import type { Mat } from '../core/tensor.ts';

/** Some of the columns that come in; the others are dropped. */
export class Columns implements Layer<null> {
  readonly type = 'columns';
  readonly coupling = 'row';
  readonly keeps = { input: false, output: false };
  readonly macs = 0;

  constructor(
    readonly path: string,
    readonly inCols: number,
    readonly outCols: number,
    private readonly from: number,
  ) {}

  parameters(): Iterable<Parameter> {
    return [];
  }

  plan(): null {
    return null;
  }

  forward({ kernels }: StepContext, x: Mat, y: Mat): void {
    kernels.sliceColumns(y, x, this.from);
  }

  backward({ kernels }: StepContext, _x: Mat, _y: Mat, dy: Mat, dx: Mat): void {
    dx.data.fill(0);
    kernels.pasteColumns(dx, dy, this.from);
  }
}

interface LearnedColumnsCache {
  /** The learned values in every row, or their gradient. */
  readonly added: Mat;
}

/** `y = [x | p]`: the same learned values after the columns of every row, such as the first state of a second stream. */
export class LearnedColumns implements Layer<LearnedColumnsCache> {
  readonly type = 'learned_columns';
  readonly coupling = 'row';
  readonly keeps = { input: false, output: false };
  readonly outCols: number;
  readonly macs = 0;
  private readonly value: Parameter;

  constructor(
    readonly path: string,
    readonly inCols: number,
    private readonly count: number,
    init: Init,
  ) {
    this.outCols = inCols + count;
    this.value = new Parameter(`${path}.value`, 1, count, init);
  }

  parameters(): Iterable<Parameter> {
    return [this.value];
  }

  plan(rows: number, p: Planner): LearnedColumnsCache {
    const added = p.scratch(`${this.path}/added`, rows, this.count);
    p.release(added);
    return { added };
  }

  forward({ kernels }: StepContext, x: Mat, y: Mat, { added }: LearnedColumnsCache): void {
    for (let i = 0; i < added.rows; i++) added.data.set(this.value.value.data, i * this.count);
    kernels.pasteColumns(y, x, 0);
    kernels.pasteColumns(y, added, this.inCols);
  }

  backward(
    { kernels }: StepContext,
    _x: Mat,
    _y: Mat,
    dy: Mat,
    dx: Mat,
    { added }: LearnedColumnsCache,
  ): void {
    kernels.sliceColumns(dx, dy, 0);
    kernels.sliceColumns(added, dy, this.inCols);
    kernels.addBiasGrad(this.value.grad, added);
  }
}

export const columns = component({
  kind: 'layer',
  type: 'columns',
  summary: 'Some of the columns that come in, such as one of several streams; the others are dropped.',
  main: 'count',
  schema: z.strictObject({
    count: count.describe('How many.'),
    from: z.int().min(0).default(0).describe('The first of them.'),
  }),
  examples: [{ count: 5 }, { count: 3, from: 5 }],
  create: ({ count, from }, { path, inCols, fail }) => {
    if (from + count > inCols)
      fail(`${inCols} columns come in; there are none from ${from} to ${from + count}`, 'count');
    return new Columns(path, inCols, count, from);
  },
});

export const learnedColumns = component({
  kind: 'layer',
  type: 'learned_columns',
  summary: 'Puts learned columns, the same in every row, after those that come in.',
  main: 'count',
  schema: z.strictObject({
    count: count.describe('How many.'),
    init: init.default({ normal: 0.02 }).describe('First values.'),
  }),
  examples: [{ count: 3 }],
  create: ({ count, init }, { path, inCols }) => new LearnedColumns(path, inCols, count, init),
});
