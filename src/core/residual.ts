import type { Precision } from './compute.ts';
import type { Kernels } from './kernels.ts';
import type { Coupling, Layer, StepContext } from './layer.ts';
import type { Parameter } from './parameter.ts';
import type { Mat } from './tensor.ts';
import type { Planner } from './workspace.ts';

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
    this.macs = f.macs;
    this.children = [f];
  }

  parameters(): Iterable<Parameter> {
    return this.f.parameters();
  }

  plan(rows: number, p: Planner): ResidualCache {
    const inner = this.f.keeps.output ? p.saved(`${this.path}/inner`, rows, this.outCols) : null;
    return { inner, cache: this.f.plan(rows, p) };
  }

  prepare(k: Kernels, gradients: Precision): void {
    this.f.prepare?.(k, gradients);
  }

  forward(ctx: StepContext, x: Mat, y: Mat, { inner, cache }: ResidualCache): void {
    const fx = inner ?? y;
    this.f.forward(ctx, x, fx, cache);
    ctx.k.add(y, fx, x);
  }

  backward(ctx: StepContext, x: Mat, y: Mat, dy: Mat, dx: Mat, { inner, cache }: ResidualCache): void {
    this.f.backward(ctx, x, inner ?? y, dy, dx, cache);
    ctx.k.add(dx, dx, dy);
  }
}
