import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Layer, StepContext } from '../core/layer.ts';
import { count } from '../core/options.ts';
import type { Parameter } from '../core/parameter.ts';
import type { Planner } from '../core/planner.ts';
import type { Mat } from '../core/tensor.ts';

interface ScaleGroupsCache {
  /** The numbers and what they multiply, cut out of x in both passes. */
  readonly w: Mat;
  readonly values: Mat;
  /** Null where there is no backward pass. */
  readonly grads: { readonly w: Mat; readonly values: Mat } | null;
}

/** With `x = [w | v]` by columns: `y = w_g * v_g` for each group g of the columns of v, with a number a group and row. */
export class ScaleGroups implements Layer<ScaleGroupsCache> {
  readonly type = 'scale_groups';
  readonly coupling = 'row';
  readonly throughKernels = true;
  readonly keeps = { input: true, output: false };
  readonly inCols: number;
  readonly macs: number;

  constructor(
    readonly path: string,
    private readonly groups: number,
    readonly outCols: number,
  ) {
    this.inCols = groups + outCols;
    this.macs = outCols;
  }

  parameters(): Iterable<Parameter> {
    return [];
  }

  plan(rows: number, p: Planner): ScaleGroupsCache {
    const pair = (what: string) => ({
      w: p.scratch(`${this.path}/${what}w`, rows, this.groups),
      values: p.scratch(`${this.path}/${what}values`, rows, this.outCols),
    });
    const cut = pair('');
    const grads = p.training ? pair('grad ') : null;
    for (const t of [cut.w, cut.values, ...(grads ? [grads.w, grads.values] : [])]) p.release(t);
    return { ...cut, grads };
  }

  forward({ kernels }: StepContext, x: Mat, y: Mat, { w, values }: ScaleGroupsCache): void {
    kernels.sliceColumns(w, x, 0);
    kernels.sliceColumns(values, x, this.groups);
    kernels.scaleGroups(y, values, w);
  }

  backward({ kernels }: StepContext, x: Mat, _y: Mat, dy: Mat, dx: Mat, cache: ScaleGroupsCache): void {
    const { w, values, grads } = cache;
    kernels.sliceColumns(w, x, 0);
    kernels.sliceColumns(values, x, this.groups);
    kernels.scaleGroupsGrad(grads!.values, grads!.w, dy, values, w);
    kernels.pasteColumns(dx, grads!.w, 0);
    kernels.pasteColumns(dx, grads!.values, this.groups);
  }
}

export const scaleGroups = component({
  kind: 'layer',
  type: 'scale_groups',
  summary:
    'Multiplies each group of columns by a number of the same row; the numbers are the first columns: gates of heads, shares of branches.',
  main: 'groups',
  schema: z.strictObject({ groups: count.describe('Groups, and numbers before them.') }),
  examples: [{ groups: 2 }, { groups: 1 }],
  create: ({ groups }, { path, inCols, fail }) => {
    if (inCols % groups !== 0 || inCols < 2 * groups)
      fail(`${inCols} columns come in, which are not ${groups} numbers and ${groups} equal groups`, 'groups');
    return new ScaleGroups(path, groups, inCols - groups);
  },
});
