import { z } from 'zod';
import { component, type LayerList, type LayerScope } from '../core/component.ts';
import type { Coupling, Layer, PrepareContext, StepContext } from '../core/layer.ts';
import { joinCouplings } from '../core/layer.ts';
import { count } from '../core/options.ts';
import type { Parameter } from '../core/parameter.ts';
import type { Planner } from '../core/planner.ts';
import { layerList } from '../core/slots.ts';
import type { Mat } from '../core/tensor.ts';

/** One branch in a block of rows. */
interface Branch {
  readonly layer: Layer;
  readonly cache: unknown;
  /** Its share of x and of dx; null where branches get all columns. */
  readonly x: Mat | null;
  readonly dx: Mat;
  readonly y: Mat;
  readonly dy: Mat | null;
}

interface BranchesCache {
  readonly branches: readonly Branch[];
  /** For gradients of a product of more than two. */
  readonly factor: Mat | null;
}

/**
 * Several layers on the same rows, put together by a reducer: their sum, their product, or their columns side by side.
 * The gradient of what comes in is the sum of the branches', in the order of the list. With `split` each branch gets its
 * share of the columns instead of all of them.
 */
abstract class Branches implements Layer<BranchesCache> {
  abstract readonly type: string;
  abstract readonly outCols: number;
  readonly coupling: Coupling;
  readonly keeps: Layer['keeps'];
  readonly throughKernels: boolean;
  readonly macs: number;

  /** `children` are two at least; with `split` they take `inCols` columns together, else that many each. */
  constructor(
    readonly path: string,
    readonly inCols: number,
    readonly children: readonly Layer[],
    private readonly split: boolean,
  ) {
    this.coupling = joinCouplings(children);
    // Of split columns each branch has a copy, which it keeps itself.
    this.keeps = { input: !split && children.some(({ keeps }) => keeps.input), output: false };
    this.throughKernels = children.every((layer) => layer.throughKernels);
    this.macs = children.reduce((sum, layer) => sum + layer.macs, 0);
  }

  /** Does backward read what the branches gave? */
  protected abstract readonly keepsBranches: boolean;
  /** Does each branch get another gradient than y has? */
  protected abstract readonly ownGradients: boolean;
  /** `y` from what the branches gave. */
  protected abstract reduce(ctx: StepContext, y: Mat, branches: readonly Branch[]): void;
  /** The gradient of branch `i`, written to its `dy` where it has one. */
  protected abstract spread(ctx: StepContext, dy: Mat, cache: BranchesCache, i: number): Mat;

  *parameters(): Iterable<Parameter> {
    for (const layer of this.children) yield* layer.parameters();
  }

  prepare(ctx: PrepareContext): void {
    for (const layer of this.children) layer.prepare?.(ctx);
  }

  plan(rows: number, p: Planner): BranchesCache {
    const passing: Mat[] = [];
    const get = (layer: Layer, what: string, cols: number, isKept: boolean): Mat => {
      const label = `${layer.path}/${what}`;
      if (isKept && p.training) return p.saved(label, rows, cols);
      const scratch = p.scratch(label, rows, cols);
      passing.push(scratch);
      return scratch;
    };
    const needsFactor = this.ownGradients && this.keepsBranches && this.children.length > 2;
    const factor = needsFactor ? p.scratch(`${this.path}/factor`, rows, this.outCols) : null;
    if (factor) passing.push(factor);
    const own = this.children.map((layer) => {
      const { inCols, outCols, keeps } = layer;
      return {
        layer,
        x: this.split ? get(layer, 'x', inCols, keeps.input) : null,
        y: get(layer, 'out', outCols, keeps.output || this.keepsBranches),
        dx: get(layer, 'grad(x)', inCols, false),
        dy: this.ownGradients ? get(layer, 'grad(out)', outCols, false) : null,
      };
    });
    // Only now: what one branch needs while it runs must not share memory with what another gave, or will get.
    const branches = own.map((branch): Branch => ({ ...branch, cache: branch.layer.plan(rows, p) }));
    for (const t of passing) p.release(t);
    return { branches, factor };
  }

  forward(ctx: StepContext, x: Mat, y: Mat, { branches }: BranchesCache): void {
    let at = 0;
    for (const branch of branches) {
      const { layer } = branch;
      if (branch.x) ctx.kernels.sliceColumns(branch.x, x, at);
      at += layer.inCols;
      layer.forward(ctx, branch.x ?? x, branch.y, branch.cache);
    }
    this.reduce(ctx, y, branches);
  }

  backward(ctx: StepContext, x: Mat, _y: Mat, dy: Mat, dx: Mat, cache: BranchesCache): void {
    const { branches } = cache;
    let at = this.inCols;
    // The last first, as in a sequence: what a branch remembers for a later one has its gradients by then.
    for (let i = branches.length - 1; i >= 0; i--) {
      const { layer, cache: inner, x: part, y, dx: own } = branches[i]!;
      at -= layer.inCols;
      layer.backward(ctx, part ?? x, y, this.spread(ctx, dy, cache, i), own, inner);
      if (this.split) ctx.kernels.pasteColumns(dx, own, at);
    }
    if (this.split) return;
    for (let i = 1; i < branches.length; i++)
      ctx.kernels.add(dx, i === 1 ? branches[0]!.dx : dx, branches[i]!.dx);
  }
}

/** `y = sum of f_i(x)`. */
export class Sum extends Branches {
  readonly type = 'sum';
  protected readonly keepsBranches = false;
  protected readonly ownGradients = false;

  get outCols(): number {
    return this.children[0]!.outCols;
  }

  protected reduce({ kernels }: StepContext, y: Mat, branches: readonly Branch[]): void {
    for (let i = 1; i < branches.length; i++) kernels.add(y, i === 1 ? branches[0]!.y : y, branches[i]!.y);
  }

  protected spread(_: StepContext, dy: Mat): Mat {
    return dy;
  }
}

/** `y = product of f_i(x)`, element by element; `df_i = dy * product of the others`. */
export class Product extends Branches {
  readonly type = 'product';
  protected readonly keepsBranches = true;
  protected readonly ownGradients = true;

  get outCols(): number {
    return this.children[0]!.outCols;
  }

  protected reduce({ kernels }: StepContext, y: Mat, branches: readonly Branch[]): void {
    for (let i = 1; i < branches.length; i++)
      kernels.multiply(y, i === 1 ? branches[0]!.y : y, branches[i]!.y);
  }

  protected spread({ kernels }: StepContext, dy: Mat, { branches, factor }: BranchesCache, i: number): Mat {
    const own = branches[i]!.dy!;
    const others = branches.filter((_, j) => j !== i);
    let product = others[0]!.y;
    for (const { y } of others.slice(1)) {
      kernels.multiply(factor!, product, y);
      product = factor!;
    }
    kernels.multiply(own, dy, product);
    return own;
  }
}

/** The columns of all `f_i(x)` side by side. */
export class Concat extends Branches {
  readonly type = 'concat';
  protected readonly keepsBranches = false;
  protected readonly ownGradients = true;

  get outCols(): number {
    return this.children.reduce((sum, { outCols }) => sum + outCols, 0);
  }

  protected reduce({ kernels }: StepContext, y: Mat, branches: readonly Branch[]): void {
    let at = 0;
    for (const branch of branches) {
      kernels.pasteColumns(y, branch.y, at);
      at += branch.layer.outCols;
    }
  }

  protected spread({ kernels }: StepContext, dy: Mat, { branches }: BranchesCache, i: number): Mat {
    const own = branches[i]!.dy!;
    const at = branches.slice(0, i).reduce((sum, { layer }) => sum + layer.outCols, 0);
    kernels.sliceColumns(own, dy, at);
    return own;
  }
}

const schema = z.strictObject({
  of: layerList('The branches, two at least; each is a layer or a list of layers.'),
  split: z
    .union([z.boolean(), z.array(count)])
    .default(false)
    .describe(
      'Each branch gets its share of the columns in order instead of all of them: equal parts, or a list of widths.',
    ),
});

type Split = z.output<typeof schema>['split'];

/** The branches of a list, each `inCols` columns wide at its start, or with its share of them. */
function branchesOf(of: LayerList, split: Split, scope: LayerScope): Layer[] {
  if (of.length < 2) scope.fail('branches are two at least', 'of');
  const widths = split === false ? of.map(() => scope.inCols) : sharesOf(of.length, split, scope);
  return of.map((branch, i) => scope.build([branch], widths[i]!));
}

/** How many of the columns each branch gets. */
function sharesOf(branches: number, split: number[] | true, { inCols, fail }: LayerScope): number[] {
  if (split === true) {
    if (inCols % branches !== 0)
      fail(`${inCols} columns come in, which cannot be split evenly among ${branches} branches`, 'split');
    return Array.from({ length: branches }, () => inCols / branches);
  }
  if (split.length !== branches)
    fail(`split has ${split.length} widths, expected one for each of ${branches} branches`, 'split');
  const all = split.reduce((sum, width) => sum + width, 0);
  if (all !== inCols) fail(`${inCols} columns come in, but the widths add up to ${all}`, 'split');
  return split;
}

/** Makes branches that are put together element by element, and so must be equally wide. */
const elementwise =
  (Made: typeof Sum | typeof Product) =>
  ({ of, split }: z.output<typeof schema>, scope: LayerScope): Layer => {
    const layers = branchesOf(of, split, scope);
    const widths = layers.map(({ outCols }) => outCols);
    if (new Set(widths).size > 1)
      scope.fail(`the branches give ${widths.join(', ')} columns; all must give the same number`, 'of');
    return new Made(scope.path, scope.inCols, layers, split !== false);
  };

export const sum = component({
  kind: 'layer',
  type: 'sum',
  summary: 'Adds up what several branches give.',
  main: 'of',
  segment: null,
  schema,
  examples: [
    {
      of: [['rms_norm', { ternary_linear: { out: 6 } }], { ternary_linear: { out: 6, activations: 'none' } }],
    },
    // Memory of one branch could be mistaken for another's: all of it has one size.
    {
      of: [
        ['tanh', 'token_shift', 'tanh'],
        ['tanh', 'rms_norm', 'tanh'],
        ['silu', 'tanh', 'token_shift'],
      ],
    },
    { of: ['silu', 'rms_norm'], split: true },
  ],
  create: elementwise(Sum),
});

export const product = component({
  kind: 'layer',
  type: 'product',
  summary: 'Multiplies what several branches give, element by element: gates.',
  main: 'of',
  segment: null,
  schema,
  examples: [
    { of: [[{ ternary_linear: { out: 6 } }, 'silu'], { ternary_linear: { out: 6 } }] },
    {
      of: [
        ['tanh', 'token_shift', 'tanh'],
        ['tanh', 'rms_norm', 'tanh'],
        ['silu', 'tanh', 'token_shift'],
      ],
    },
    { of: ['silu', 'token_shift'], split: true },
  ],
  create: elementwise(Product),
});

export const concat = component({
  kind: 'layer',
  type: 'concat',
  summary: 'Puts the columns that several branches give side by side.',
  main: 'of',
  segment: null,
  schema,
  examples: [
    { of: [{ ternary_linear: { out: 6 } }, 'silu', 'token_shift'] },
    { of: ['silu', 'rms_norm'], split: true },
    { of: ['silu', 'rms_norm', 'tanh'], split: [1, 5, 2] },
  ],
  create: ({ of, split }, scope) =>
    new Concat(scope.path, scope.inCols, branchesOf(of, split, scope), split !== false),
});
