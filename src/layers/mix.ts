import { z } from 'zod';
import { component, type Remembered } from '../core/component.ts';
import type { Layer, StepContext } from '../core/layer.ts';
import { Parameter } from '../core/parameter.ts';
import type { Planner } from '../core/planner.ts';
import type { Mat } from '../core/tensor.ts';

/** What one block remembers: the rows, and their gradients from each layer that mixes them in. */
interface Memory {
  readonly rows: Mat;
  readonly gradients: Mat[];
}

/** Passes its rows on and keeps them for `mix` layers after it; their gradients are added in the order of these layers. */
export class Remember implements Layer<Memory>, Remembered {
  readonly type = 'remember';
  readonly coupling = 'row';
  readonly throughKernels = true;
  readonly keeps = { input: false, output: false };
  readonly inCols: number;
  readonly outCols: number;
  readonly macs = 0;
  /** Of the block that is being planned: layers are planned in the order in which they run. */
  private planned!: Memory;

  constructor(
    readonly path: string,
    dim: number,
  ) {
    this.inCols = dim;
    this.outCols = dim;
  }

  parameters(): Iterable<Parameter> {
    return [];
  }

  plan(rows: number, p: Planner): Memory {
    this.planned = { rows: p.saved(`${this.path}/rows`, rows, this.inCols), gradients: [] };
    return this.planned;
  }

  /** The rows, for a layer of the same plan, which writes their gradient to `gradient` in its backward. */
  recall(gradient: Mat | null): Mat {
    if (gradient) this.planned.gradients.push(gradient);
    return this.planned.rows;
  }

  forward({ kernels }: StepContext, x: Mat, y: Mat, { rows }: Memory): void {
    kernels.sliceColumns(rows, x, 0);
    kernels.sliceColumns(y, x, 0);
  }

  backward({ kernels }: StepContext, _x: Mat, _y: Mat, dy: Mat, dx: Mat, { gradients }: Memory): void {
    const [first, ...others] = gradients;
    if (first) kernels.add(dx, dy, first);
    else kernels.sliceColumns(dx, dy, 0);
    for (const gradient of others) kernels.add(dx, dx, gradient);
  }
}

interface MixCache {
  /** What is mixed in, and its gradient. */
  readonly recalled: readonly { readonly rows: Mat; readonly gradient: Mat | null }[];
}

/** `y = w_0 x + sum of w_i m_i` over remembered rows m_i, with learned scalars. */
export class Mix implements Layer<MixCache> {
  readonly type = 'mix';
  readonly coupling = 'row';
  readonly throughKernels = true;
  readonly keeps = { input: true, output: false };
  readonly inCols: number;
  readonly outCols: number;
  readonly macs: number;
  /** Of x, and of each remembered value [1 x 1]. */
  private readonly weights: readonly Parameter[];

  constructor(
    readonly path: string,
    dim: number,
    private readonly remembered: ReadonlyMap<string, Remembered>,
    init: readonly number[],
  ) {
    this.inCols = dim;
    this.outCols = dim;
    this.weights = ['x', ...remembered.keys()].map(
      (name, i) => new Parameter(`${path}.${name}`, 1, 1, { constant: init[i]! }),
    );
    this.macs = this.weights.length * dim;
  }

  parameters(): Iterable<Parameter> {
    return this.weights;
  }

  plan(rows: number, p: Planner): MixCache {
    const recalled = [...this.remembered].map(([name, value]) => {
      const gradient = p.training ? p.saved(`${this.path}/grad(${name})`, rows, this.inCols) : null;
      return { rows: value.recall(gradient), gradient };
    });
    return { recalled };
  }

  forward({ kernels }: StepContext, x: Mat, y: Mat, { recalled }: MixCache): void {
    const { weights } = this;
    kernels.scaleAdd(y, null, x, weights[0]!.value);
    for (let i = 0; i < recalled.length; i++)
      kernels.scaleAdd(y, y, recalled[i]!.rows, weights[i + 1]!.value);
  }

  backward({ kernels }: StepContext, x: Mat, _y: Mat, dy: Mat, dx: Mat, { recalled }: MixCache): void {
    const { weights } = this;
    kernels.scaleAddGrad(weights[0]!.grad, dy, x);
    kernels.scaleAdd(dx, null, dy, weights[0]!.value);
    for (let i = 0; i < recalled.length; i++) {
      const { rows, gradient } = recalled[i]!;
      kernels.scaleAddGrad(weights[i + 1]!.grad, dy, rows);
      kernels.scaleAdd(gradient!, null, dy, weights[i + 1]!.value);
    }
  }
}

const name = z.string().regex(/^[a-z][a-z0-9_]*$/);

export const remember = component({
  kind: 'layer',
  type: 'remember',
  summary: 'Keeps its rows under a name, for `mix` layers after it.',
  main: 'as',
  schema: z.strictObject({ as: name.describe('The name.') }),
  examples: [{ as: 'x0' }],
  create: ({ as }, { path, inCols, remember }) => {
    const layer = new Remember(path, inCols);
    remember(as, layer);
    return layer;
  },
});

export const mix = component({
  kind: 'layer',
  type: 'mix',
  summary: 'Adds remembered rows to its own, each times a learned number: skips, value residuals.',
  main: 'with',
  schema: z.strictObject({
    with: z.array(name).describe('Names of what `remember` layers before it keep.'),
    init: z
      .array(z.number())
      .nullable()
      .default(null)
      .describe('First numbers: of what comes in, then of each name; null: 1, and 0 for names.'),
  }),
  examples: [{ with: [] }, { with: [], init: [0.5] }],
  create: ({ with: names, init }, { path, inCols, recall, fail }) => {
    const values = new Map(names.map((one) => [one, recall(one, 'with')]));
    for (const [one, { outCols }] of values)
      if (outCols !== inCols) fail(`'${one}' has ${outCols} columns and ${inCols} come in`, 'with');
    if (init && init.length !== names.length + 1)
      fail(`init has ${init.length} numbers, expected ${names.length + 1}`, 'init');
    return new Mix(path, inCols, values, init ?? [1, ...names.map(() => 0)]);
  },
});
