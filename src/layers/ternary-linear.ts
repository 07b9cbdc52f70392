import { z } from 'zod';
import { ACTIVATION_RULES, type ActivationRule, WEIGHT_RULES, type WeightRule } from '../core/choices.ts';
import { component } from '../core/component.ts';
import type { Layer, PrepareContext, StepContext } from '../core/layer.ts';
import { count, initOf, matrixInit } from '../core/options.ts';
import { type Init, Parameter } from '../core/parameter.ts';
import type { Planner } from '../core/planner.ts';
import type { Mat, Quantized } from '../core/tensor.ts';

export interface TernaryLinearOptions {
  readonly weights: WeightRule;
  readonly activations: ActivationRule | 'none';
  readonly init: Init;
}

/** The quantised input: backward multiplies by exactly what forward multiplied by. Null where x itself is used. */
type TernaryLinearCache = Quantized | null;

/**
 * A linear layer without bias whose weights are `gamma * {-1, 0, +1}` and whose input is quantised row by row
 * (BitNet b1.58, Ma et al. 2024). Gradients pass straight through both quantisers: `dx = dy . What`,
 * `dW = dy^T . xhat`, with the scales gamma and s inside What and xhat.
 */
export class TernaryLinear implements Layer<TernaryLinearCache> {
  readonly type = 'ternary_linear';
  readonly coupling = 'row';
  readonly throughKernels = true;
  readonly keeps: Layer['keeps'];
  readonly macs: number;
  /** The float master [out x in] that the optimiser updates. */
  readonly weight: Parameter;

  constructor(
    readonly path: string,
    readonly inCols: number,
    readonly outCols: number,
    private readonly options: TernaryLinearOptions,
  ) {
    this.weight = new Parameter(`${path}.weight`, outCols, inCols, options.init, {
      decay: true,
      matrix: true,
      quantised: true,
    });
    this.macs = inCols * outCols;
    this.keeps = { input: options.activations === 'none', output: false };
  }

  parameters(): Iterable<Parameter> {
    return [this.weight];
  }

  plan(rows: number, p: Planner): TernaryLinearCache {
    if (this.options.activations === 'none') return null;
    return {
      codes: p.savedCodes(`${this.path}/x.codes`, rows, this.inCols),
      scale: p.saved(`${this.path}/x.scale`, rows, 1),
    };
  }

  prepare({ kernels, gradients }: PrepareContext): void {
    const { codes, scale, packed } = this.weight.ternary;
    kernels.quantizeWeight(codes, scale, this.weight.value, this.options.weights);
    kernels.packTernary(packed, codes, gradients);
  }

  forward(ctx: StepContext, x: Mat, y: Mat, xq: TernaryLinearCache): void {
    const { activations } = this.options;
    if (xq === null || activations === 'none') {
      ctx.kernels.ternaryMatmulFloat(y, x, this.weight.ternary, ctx.compute.products);
      return;
    }
    ctx.kernels.quantizeRows(xq.codes, xq.scale, x, activations);
    ctx.kernels.ternaryMatmul(y, xq, this.weight.ternary);
  }

  backward(ctx: StepContext, x: Mat, _y: Mat, dy: Mat, dx: Mat, xq: TernaryLinearCache): void {
    const { products, gradients } = ctx.compute;
    if (xq === null) ctx.kernels.matmulTransA(this.weight.grad, dy, x, products);
    else ctx.kernels.ternaryMatmulGradW(this.weight.grad, dy, xq, gradients);
    ctx.kernels.ternaryMatmulGradX(dx, dy, this.weight.ternary, gradients);
  }
}

export const ternaryLinear = component({
  kind: 'layer',
  type: 'ternary_linear',
  summary: 'A linear layer without bias whose weights are a scale times -1, 0 or +1.',
  schema: z.strictObject({
    out: count.describe('Columns that come out.'),
    weights: z.enum(WEIGHT_RULES).default('absmean').describe('How the scale of the weights is found.'),
    activations: z
      .enum([...ACTIVATION_RULES, 'none'])
      .default('ternary')
      .describe('How the rows that come in are quantised.'),
    init: matrixInit,
  }),
  examples: [
    { out: 12 },
    { out: 5, weights: 'absmedian', activations: 'ternary-mse', init: { normal: 0.3 } },
    { out: 8, activations: 'int8' },
    { out: 8, activations: 'none' },
  ],
  create: ({ out, init, ...rules }, { path, inCols }) =>
    new TernaryLinear(path, inCols, out, { ...rules, init: initOf(init, inCols, out) }),
});
