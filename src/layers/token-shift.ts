import type { Layer, StepContext } from '../core/layer.ts';
import { Parameter } from '../core/parameter.ts';
import type { Mat } from '../core/tensor.ts';
import type { Planner } from '../runtime/workspace.ts';

interface TokenShiftCache {
  /** The row before each sequence of the block: zero in training, the last row seen while a text goes on. */
  readonly carry: Mat;
}

/** `y_t = s(m) * x_t + (1 - s(m)) * x_{t-1}`, m learned per channel, `x_{-1} = 0` (Peng et al. 2023, RWKV). */
export class TokenShift implements Layer<TokenShiftCache> {
  readonly type = 'token_shift';
  readonly coupling = 'sequence';
  readonly keeps = { input: true, output: false };
  readonly inCols: number;
  readonly outCols: number;
  readonly macs: number;
  private readonly mix: Parameter;

  constructor(
    readonly path: string,
    dim: number,
  ) {
    this.inCols = dim;
    this.outCols = dim;
    this.macs = 2 * dim;
    this.mix = new Parameter(`${path}.mix`, 1, dim, { constant: 0 });
  }

  parameters(): Iterable<Parameter> {
    return [this.mix];
  }

  plan(rows: number, p: Planner): TokenShiftCache {
    return { carry: p.state(`${this.path}/carry`, rows / p.seqLen, this.inCols) };
  }

  forward(ctx: StepContext, x: Mat, y: Mat, { carry }: TokenShiftCache): void {
    if (!ctx.carry) carry.data.fill(0);
    ctx.k.tokenShift(y, carry, x, this.mix.value, ctx.seqLen);
  }

  backward(ctx: StepContext, x: Mat, _y: Mat, dy: Mat, dx: Mat): void {
    ctx.k.tokenShiftGrad(dx, this.mix.grad, dy, x, this.mix.value, ctx.seqLen);
  }
}
