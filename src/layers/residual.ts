import { z } from 'zod';
import type { Defer } from '../core/backend.ts';
import { component } from '../core/component.ts';
import type { Coupling, Layer, PrepareContext, StepContext } from '../core/layer.ts';
import type { Parameter } from '../core/parameter.ts';
import type { Planner } from '../core/planner.ts';
import { layerList } from '../core/slots.ts';
import type { Mat } from '../core/tensor.ts';

interface ResidualCache {
  /** f(x), kept only where the layer inside reads its own output: y would hold the sum instead. */
  readonly inner: Mat | null;
  readonly cache: unknown;
}

/** `y = x + f(x)`, `dx = dy + f'(dy)`. */
export class Residual implements Layer<ResidualCache> {
  readonly type = 'residual';
  readonly inCols: number;
  readonly outCols: number;
  readonly coupling: Coupling;
  readonly keeps: Layer['keeps'];
  readonly throughKernels: boolean;
  readonly macs: number;
  readonly children: readonly Layer[];

  /** `f` must give as many columns as it takes. */
  constructor(
    readonly path: string,
    private readonly f: Layer,
  ) {
    this.inCols = f.inCols;
    this.outCols = f.outCols;
    this.coupling = f.coupling;
    this.keeps = { input: f.keeps.input, output: false };
    this.throughKernels = f.throughKernels ?? false;
    this.macs = f.macs;
    this.children = [f];
  }

  parameters(): Iterable<Parameter> {
    return this.f.parameters();
  }

  plan(rows: number, p: Planner): ResidualCache {
    const inner = this.f.keeps.output ? p.saved(`${this.path}/inner`, rows, this.outCols) : null;
    const plan = () => this.f.plan(rows, p);
    return { inner, cache: this.throughKernels ? p.deferred(plan) : plan() };
  }

  prepare(ctx: PrepareContext): void {
    this.f.prepare?.(ctx);
  }

  // A deferred region is one block of a model: its weights fit a core's cache beside the rows, those of several do not.

  forward(ctx: StepContext, x: Mat, y: Mat, cache: ResidualCache): void {
    if (ctx.defer && this.throughKernels) this.forwardDeferred(ctx, x, y, cache, ctx.defer);
    else this.runForward(ctx, x, y, cache);
  }

  backward(ctx: StepContext, x: Mat, y: Mat, dy: Mat, dx: Mat, cache: ResidualCache): void {
    if (ctx.defer && this.throughKernels) this.backwardDeferred(ctx, x, y, dy, dx, cache, ctx.defer);
    else this.runBackward(ctx, x, y, dy, dx, cache);
  }

  private runForward(ctx: StepContext, x: Mat, y: Mat, { inner, cache }: ResidualCache): void {
    const fx = inner ?? y;
    this.f.forward(ctx, x, fx, cache);
    ctx.kernels.add(y, fx, x);
  }

  private runBackward(
    ctx: StepContext,
    x: Mat,
    y: Mat,
    dy: Mat,
    dx: Mat,
    { inner, cache }: ResidualCache,
  ): void {
    this.f.backward(ctx, x, inner ?? y, dy, dx, cache);
    ctx.kernels.add(dx, dx, dy);
  }

  // Separate methods, so that the path without deferral allocates no closure for every generated token.

  private forwardDeferred(ctx: StepContext, x: Mat, y: Mat, cache: ResidualCache, defer: Defer): void {
    defer(() => this.runForward(ctx, x, y, cache));
  }

  private backwardDeferred(
    ctx: StepContext,
    x: Mat,
    y: Mat,
    dy: Mat,
    dx: Mat,
    cache: ResidualCache,
    defer: Defer,
  ): void {
    defer(() => this.runBackward(ctx, x, y, dy, dx, cache));
  }
}

export const residual = component({
  kind: 'layer',
  type: 'residual',
  summary: 'Adds what the layers inside give to what came in.',
  main: 'layers',
  segment: null,
  schema: z.strictObject({ layers: layerList('The layers inside; as many columns come out as go in.') }),
  examples: [
    { layers: ['silu'] },
    { layers: ['rms_norm', { ternary_linear: { out: 8, activations: 'none' } }] },
  ],
  create: ({ layers }, { path, inCols, build, fail }) => {
    const inside = build(layers, inCols);
    if (inside.outCols !== inCols)
      fail(
        `${inCols} columns go into residual and its layers give ${inside.outCols}; both must be the same`,
        'layers',
      );
    return new Residual(path, inside);
  },
});
