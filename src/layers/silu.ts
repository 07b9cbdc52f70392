import type { Layer, StepContext } from '../core/layer.ts';
import type { Parameter } from '../core/parameter.ts';
import type { Planner } from '../core/planner.ts';
import type { Mat } from '../core/tensor.ts';

interface SiluCache {
  /** dy/dx, all that backward needs. Null where there is none. */
  readonly slope: Mat | null;
}

/** `y = x * sigmoid(x)` (Elfwing et al. 2018). */
export class Silu implements Layer<SiluCache> {
  readonly type = 'silu';
  readonly coupling = 'row';
  readonly throughKernels = true;
  readonly keeps = { input: false, output: false };
  readonly inCols: number;
  readonly outCols: number;
  readonly macs: number;

  constructor(
    readonly path: string,
    dim: number,
  ) {
    this.inCols = dim;
    this.outCols = dim;
    this.macs = dim;
  }

  parameters(): Iterable<Parameter> {
    return [];
  }

  plan(rows: number, p: Planner): SiluCache {
    return { slope: p.training ? p.saved(`${this.path}/slope`, rows, this.inCols) : null };
  }

  forward(ctx: StepContext, x: Mat, y: Mat, { slope }: SiluCache): void {
    ctx.kernels.silu(y, slope, x);
  }

  backward(ctx: StepContext, _x: Mat, _y: Mat, dy: Mat, dx: Mat, { slope }: SiluCache): void {
    ctx.kernels.siluGrad(dx, dy, slope!);
  }
}
