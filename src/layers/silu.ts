import type { Layer, StepContext } from '../core/layer.ts';
import type { Parameter } from '../core/parameter.ts';
import type { Mat } from '../core/tensor.ts';

/** `y = x * sigmoid(x)` (Elfwing et al. 2018). */
export class Silu implements Layer<null> {
  readonly type = 'silu';
  readonly coupling = 'row';
  readonly keeps = { input: true, output: false };
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

  plan(): null {
    return null;
  }

  forward(ctx: StepContext, x: Mat, y: Mat): void {
    ctx.k.silu(y, x);
  }

  backward(ctx: StepContext, x: Mat, _y: Mat, dy: Mat, dx: Mat): void {
    ctx.k.siluGrad(dx, dy, x);
  }
}
