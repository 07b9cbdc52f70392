import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Layer, StepContext } from '../core/layer.ts';
import { Parameter } from '../core/parameter.ts';
import type { Planner } from '../core/planner.ts';
import type { Mat } from '../core/tensor.ts';

interface TokenShiftCache {
  /** The row before each sequence; it receives the last one. */
  readonly state: Mat;
}

/** `y_t = s(m) * x_t + (1 - s(m)) * x_{t-1}`, m learned per channel, `x_{-1} = 0` (Peng et al. 2023, RWKV). */
export class TokenShift implements Layer<TokenShiftCache> {
  readonly type = 'token_shift';
  readonly coupling = 'sequence';
  readonly throughKernels: boolean = true;
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

  plan(_rows: number, p: Planner): TokenShiftCache {
    return { state: p.state(`${this.path}/state`, 1, this.inCols) };
  }

  forward(ctx: StepContext, x: Mat, y: Mat, { state }: TokenShiftCache): void {
    ctx.kernels.tokenShift(y, state, x, this.mix.value, ctx.starts, ctx.seqLen);
  }

  backward(ctx: StepContext, x: Mat, _y: Mat, dy: Mat, dx: Mat): void {
    ctx.kernels.tokenShiftGrad(dx, this.mix.grad, dy, x, this.mix.value, ctx.starts, ctx.seqLen);
  }
}

export const tokenShift = component({
  kind: 'layer',
  type: 'token_shift',
  summary: 'Mixes each row with the one before it, in a learned proportion for each channel.',
  schema: z.strictObject({}),
  examples: [{}],
  create: (_, { path, inCols }) => new TokenShift(path, inCols),
});
