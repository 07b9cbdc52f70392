import { z } from 'zod';
import { ACTIVATION_RULES, type ActivationRule, WEIGHT_RULES, type WeightRule } from '../core/choices.ts';
import { component } from '../core/component.ts';
import type { PrepareContext, StepContext } from '../core/layer.ts';
import { initOf, matrixInit } from '../core/options.ts';
import { type Init, Parameter } from '../core/parameter.ts';
import type { Planner } from '../core/planner.ts';
import type { Mat, Quantized } from '../core/tensor.ts';
import { LOGITS_OPTIONS, LogitsHead, type LogitsOptions } from './logits-head.ts';
import { quantizeMaster, WEIGHT_SCALES, type WeightScale } from './ternary-weights.ts';

export interface HeadOptions extends LogitsOptions {
  readonly weights: WeightRule | 'float';
  readonly scale: WeightScale;
  readonly activations: ActivationRule | 'none';
  readonly bias: boolean;
  readonly init: Init;
}

/** The quantised rows that came in, and as floats; null where h itself is multiplied. */
type HeadCache = { readonly quantized: Quantized; readonly rows: Mat } | null;

/**
 * Logits `z = h . W^T + b` and cross-entropy, with weights [vocab x columns] that are not the embedding's: float, or ternary
 * with the gradients of `TernaryLinear`. The bias is float and begins at 0.
 */
export class Head extends LogitsHead<HeadCache> {
  readonly type = 'head';
  readonly macs: number;
  /** The float values, or the float master. */
  readonly weight: Parameter;
  protected override readonly bias: Parameter | null;

  constructor(
    path: string,
    readonly inCols: number,
    readonly vocab: number,
    private readonly options: HeadOptions,
  ) {
    super(path, options);
    const quantised = options.weights !== 'float';
    // Not a `matrix`: as for a table, Muon leaves it to another optimiser.
    this.weight = new Parameter(`${path}.weight`, vocab, inCols, options.init, {
      decay: true,
      quantised,
      rowScales: options.scale === 'row',
      dense: quantised,
    });
    this.bias = options.bias ? new Parameter(`${path}.bias`, 1, vocab, { constant: 0 }) : null;
    this.macs = this.weight.size;
  }

  parameters(): Iterable<Parameter> {
    return this.bias ? [this.weight, this.bias] : [this.weight];
  }

  plan(rows: number, p: Planner): HeadCache {
    if (this.options.activations === 'none') return null;
    return {
      quantized: {
        codes: p.savedCodes(`${this.path}/x.codes`, rows, this.inCols),
        scale: p.saved(`${this.path}/x.scale`, rows, 1),
      },
      rows: p.saved(`${this.path}/x`, rows, this.inCols),
    };
  }

  prepare({ kernels }: PrepareContext): void {
    const { weights } = this.options;
    if (weights === 'float') return;
    quantizeMaster(kernels, this.weight, weights);
    kernels.blendTernary(this.weight.dense, this.weight.ternary, null, 1);
  }

  protected table() {
    const { value, dense, grad, quantised } = this.weight;
    return { value: quantised ? dense : value, grad };
  }

  protected rows({ kernels }: StepContext, h: Mat, cache: HeadCache): Mat {
    const { activations } = this.options;
    if (cache === null || activations === 'none') return h;
    const { quantized, rows } = cache;
    kernels.quantizeRows(quantized.codes, quantized.scale, h, activations);
    kernels.dequantizeRows(rows, quantized);
    return rows;
  }
}

export const head = component({
  kind: 'objective',
  type: 'head',
  summary: "Logits from weights that are not the embedding's, and cross-entropy.",
  schema: z.strictObject({
    weights: z
      .enum(['float', ...WEIGHT_RULES])
      .default('float')
      .describe('float, or how the scale of ternary weights is found.'),
    scale: z
      .enum(WEIGHT_SCALES)
      .default('tensor')
      .describe('Ternary weights have one scale, or one for each row, hence token.'),
    activations: z
      .enum([...ACTIVATION_RULES, 'none'])
      .default('none')
      .describe('How the rows that come in are quantised.'),
    bias: z.boolean().default(false).describe('Add a learned bias to the logit of each token.'),
    init: matrixInit,
    ...LOGITS_OPTIONS,
  }),
  examples: [
    {},
    { weights: 'absmean', scale: 'row', activations: 'int8' },
    { weights: 'absmedian', soft_cap: 15, z_loss: 1e-4 },
    { bias: true },
    { weights: 'absmean', activations: 'int8', bias: true, soft_cap: 15 },
  ],
  create: ({ soft_cap, z_loss, init, ...rules }, { path, inCols, parameterOf, fail }) => {
    const embedding = parameterOf('embedding') ?? fail('head needs an embedding as the first layer');
    if (rules.weights === 'float' && rules.scale === 'row') fail('float weights have no scale', 'scale');
    return new Head(path, inCols, embedding.rows, {
      ...rules,
      init: initOf(init, inCols, embedding.rows),
      softCap: soft_cap,
      zLoss: z_loss,
    });
  },
});
