import type { Coupling, Layer, StepContext } from '../core/layer.ts';
import { type Init, Parameter } from '../core/parameter.ts';
import type { Planner } from '../core/planner.ts';
import type { Ids, Mat } from '../core/tensor.ts';

export interface AddedRowsCache {
  /** Of each row, the row of the table that is added. */
  readonly ids: Ids;
  readonly added: Mat;
  /** What each sequence carries from call to call [sequences x 1]. */
  readonly state: Mat;
}

/** `y_i = x_i + E[id_i]`, where ids follow from what comes before a row in its document. */
export abstract class AddedRows implements Layer<AddedRowsCache> {
  abstract readonly type: string;
  readonly coupling: Coupling = 'sequence';
  /** Ids and state are no activations: `find` reads and writes them before any call. */
  readonly throughKernels = true;
  readonly keeps = { input: false, output: false };
  readonly inCols: number;
  readonly outCols: number;
  readonly macs: number;
  protected readonly table: Parameter;

  constructor(
    readonly path: string,
    dim: number,
    rows: number,
    init: Init,
  ) {
    this.inCols = dim;
    this.outCols = dim;
    this.macs = dim;
    this.table = new Parameter(`${path}.weight`, rows, dim, init, { decay: true, table: 'embedding' });
  }

  /** Writes the ids of a call's rows, and what the next call needs to `state`. */
  protected abstract find(ids: Int32Array, ctx: StepContext, state: Mat['data']): void;

  parameters(): Iterable<Parameter> {
    return [this.table];
  }

  plan(rows: number, p: Planner): AddedRowsCache {
    const ids = p.savedIds(`${this.path}/ids`, rows);
    const added = p.scratch(`${this.path}/added`, rows, this.inCols);
    p.release(added);
    return { ids, added, state: p.state(`${this.path}/state`, 1, 1) };
  }

  forward(ctx: StepContext, x: Mat, y: Mat, { ids, added, state }: AddedRowsCache): void {
    this.find(ids.data, ctx, state.data);
    ctx.kernels.gatherRows(added, this.table.value, ids);
    ctx.kernels.add(y, x, added);
  }

  backward({ kernels }: StepContext, _x: Mat, _y: Mat, dy: Mat, dx: Mat, { ids }: AddedRowsCache): void {
    kernels.scatterAddRows(this.table.grad, dy, ids);
    kernels.sliceColumns(dx, dy, 0);
  }
}
