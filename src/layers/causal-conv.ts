import { z } from 'zod';
import { MAX_CONV_WIDTH } from '../core/choices.ts';
import { component } from '../core/component.ts';
import type { Layer, StepContext } from '../core/layer.ts';
import { init } from '../core/options.ts';
import { type Init, Parameter } from '../core/parameter.ts';
import type { Planner } from '../core/planner.ts';
import type { Mat } from '../core/tensor.ts';

interface CausalConvCache {
  /** The `width - 1` rows before each sequence, oldest first; it receives the last ones. */
  readonly state: Mat;
}

/** `y_t = b + sum over j < width of w_j * x_{t-j}`, each channel alone; rows before a sequence are zero. */
export class CausalConv implements Layer<CausalConvCache> {
  readonly type = 'causal_conv';
  readonly coupling = 'sequence';
  readonly throughKernels: boolean = true;
  readonly keeps = { input: true, output: false };
  readonly inCols: number;
  readonly outCols: number;
  readonly macs: number;
  private readonly weight: Parameter;
  private readonly bias: Parameter | null;

  constructor(
    readonly path: string,
    dim: number,
    private readonly options: { readonly width: number; readonly bias: boolean; readonly init: Init },
  ) {
    const { width, bias, init } = options;
    this.inCols = dim;
    this.outCols = dim;
    this.macs = width * dim;
    this.weight = new Parameter(`${path}.weight`, width, dim, init, { decay: true });
    this.bias = bias ? new Parameter(`${path}.bias`, 1, dim, { constant: 0 }) : null;
  }

  parameters(): Iterable<Parameter> {
    return this.bias ? [this.weight, this.bias] : [this.weight];
  }

  plan(_rows: number, p: Planner): CausalConvCache {
    return { state: p.state(`${this.path}/state`, this.options.width - 1, this.inCols) };
  }

  forward(ctx: StepContext, x: Mat, y: Mat, { state }: CausalConvCache): void {
    const { kernels, starts, seqLen } = ctx;
    kernels.causalConv(y, state, x, this.weight.value, this.bias?.value ?? null, starts, seqLen);
  }

  backward(ctx: StepContext, x: Mat, _y: Mat, dy: Mat, dx: Mat): void {
    const { weight, bias } = this;
    const { kernels, starts, seqLen } = ctx;
    kernels.causalConvGrad(dx, weight.grad, bias?.grad ?? null, dy, x, weight.value, starts, seqLen);
  }
}

export const causalConv = component({
  kind: 'layer',
  type: 'causal_conv',
  summary: 'A convolution of each channel alone, over the present row and those before it.',
  main: 'width',
  schema: z.strictObject({
    width: z.int().min(2).max(MAX_CONV_WIDTH).describe('Rows that it reads, the present one among them.'),
    bias: z.boolean().default(false).describe('Add a learned bias to each channel.'),
    init: z
      .union([z.literal('fan_out'), init])
      .default('fan_out')
      .describe('First values; fan_out: normal with standard deviation sqrt(2 / (columns * width)).'),
  }),
  examples: [{ width: 4 }, { width: 3, bias: true, init: { normal: 0.5 } }],
  create: ({ width, bias, init }, { path, inCols }) => {
    const first = init === 'fan_out' ? { normal: Math.sqrt(2 / (inCols * width)) } : init;
    return new CausalConv(path, inCols, { width, bias, init: first });
  },
});
