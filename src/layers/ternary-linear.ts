import { z } from 'zod';
import { ACTIVATION_RULES, type ActivationRule, WEIGHT_RULES, type WeightRule } from '../core/choices.ts';
import { component, type LayerScope } from '../core/component.ts';
import type { InTraining, Layer, PrepareContext, StepContext } from '../core/layer.ts';
import { count, initOf, matrixInit } from '../core/options.ts';
import { type Init, Parameter, type ParameterUse } from '../core/parameter.ts';
import type { Planner } from '../core/planner.ts';
import type { Mat, Quantized } from '../core/tensor.ts';
import { layerNorm } from './group-norm.ts';
import { rmsNorm } from './rms-norm.ts';
import { Sequence } from './sequence.ts';
import { quantizeMaster, WEIGHT_SCALES, type WeightScale } from './ternary-weights.ts';

export interface TernaryLinearOptions {
  /** `learned`: LSQ, whose scales are parameters. */
  readonly weights: WeightRule | 'learned';
  /** `tensor` where nothing is said. */
  readonly scale?: WeightScale;
  readonly activations: ActivationRule | 'none';
  readonly init: Init;
  readonly blend?: Blend | null;
}

/**
 * What training multiplies by is `W + share (What - W)`: the share is 0 until `start`, from there rises in a straight line
 * and is 1 from `end` on, both parts of the run.
 */
export interface Blend {
  readonly start: number;
  readonly end: number;
}

/** The share of the ternary values when so much of the run is done. */
export function blendShare(blend: Blend | null | undefined, progress: number): number {
  if (!blend || progress >= blend.end) return 1;
  return progress <= blend.start ? 0 : (progress - blend.start) / (blend.end - blend.start);
}

/** The expected |w| of first values. */
function meanMagnitude(init: Init): number {
  if ('normal' in init) return init.normal * Math.sqrt(2 / Math.PI);
  if ('constant' in init) return Math.abs(init.constant);
  const draws = 1024;
  let sum = 0;
  for (let i = 0; i < draws; i++) sum += Math.abs(init.draw((i + 0.5) / draws));
  return sum / draws;
}

/** What is multiplied in place of x; null where x itself is. */
type TernaryLinearCache = {
  /** Backward multiplies by exactly what forward multiplied by. */
  readonly quantized: Quantized;
  /** The same as numbers, while weights are not wholly ternary. */
  readonly rows: Mat | null;
} | null;

/**
 * A linear layer without bias whose weights are `gamma * {-1, 0, +1}` and whose input is quantised row by row
 * (BitNet b1.58, Ma et al. 2024). Gradients pass straight through both quantisers: `dx = dy . What`,
 * `dW = dy^T . xhat`, with the scales gamma and s inside What and xhat. A blend of What and its master, in their place, has
 * the same gradient by the master.
 */
export class TernaryLinear implements Layer<TernaryLinearCache> {
  readonly type = 'ternary_linear';
  readonly coupling = 'row';
  readonly throughKernels = true;
  readonly keeps: Layer['keeps'];
  readonly macs: number;
  readonly inTraining: InTraining | undefined;
  /** The float master [out x in] that the optimiser updates. */
  readonly weight: Parameter;
  /** Of learned scales, and where the gradient of the ternary values is summed for them and for the master. */
  private readonly learned: { readonly scale: Parameter; readonly use: ParameterUse } | null;
  /** Of the ternary values in what is multiplied by; set by `prepare`. */
  private share = 1;

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
      rowScales: options.scale === 'row',
      dense: Boolean(options.blend),
    });
    this.learned = options.weights === 'learned' ? this.learn(options) : null;
    this.macs = inCols * outCols;
    this.inTraining = options.blend ? { blend: options.blend } : undefined;
    this.keeps = { input: options.activations === 'none', output: false };
  }

  /** Scales begin at twice the mean |w| of first values, as LSQ has them. */
  private learn({ scale, init }: TernaryLinearOptions) {
    const { weight } = this;
    const scales = new Parameter(`${this.path}.scale`, scale === 'row' ? this.outCols : 1, 1, {
      constant: 2 * meanMagnitude(init),
    });
    const use = weight.share((kernels) => {
      const { scale: one, rowScale } = weight.ternary;
      kernels.learnedScaleGrad(weight.grad, scales.grad, use.grad, weight.value, rowScale ?? one);
    });
    return { scale: scales, use };
  }

  parameters(): Iterable<Parameter> {
    return this.learned ? [this.weight, this.learned.scale] : [this.weight];
  }

  plan(rows: number, p: Planner): TernaryLinearCache {
    const { activations, blend } = this.options;
    if (activations === 'none') return null;
    return {
      quantized: {
        codes: p.savedCodes(`${this.path}/x.codes`, rows, this.inCols),
        scale: p.saved(`${this.path}/x.scale`, rows, 1),
      },
      rows: blend && p.training ? p.saved(`${this.path}/x`, rows, this.inCols) : null,
    };
  }

  prepare({ kernels, gradients, progress }: PrepareContext): void {
    const { weight, options } = this;
    quantizeMaster(kernels, weight, options.weights, this.learned?.scale);
    this.share = blendShare(options.blend, progress);
    if (this.share < 1) kernels.blendTernary(weight.dense, weight.ternary, weight.value, this.share);
    else kernels.packTernary(weight.ternary.packed, weight.ternary.codes, gradients);
  }

  forward({ kernels, compute }: StepContext, x: Mat, y: Mat, cache: TernaryLinearCache): void {
    const { activations } = this.options;
    const { ternary, dense } = this.weight;
    if (cache === null || activations === 'none') {
      if (this.share < 1) kernels.matmulTransB(y, x, dense, compute.products);
      else kernels.ternaryMatmulFloat(y, x, ternary, compute.products);
      return;
    }
    const { quantized, rows } = cache;
    kernels.quantizeRows(quantized.codes, quantized.scale, x, activations);
    if (this.share < 1) {
      kernels.dequantizeRows(rows!, quantized);
      kernels.matmulTransB(y, rows!, dense, compute.products);
    } else kernels.ternaryMatmul(y, quantized, ternary);
  }

  backward(
    { kernels, compute }: StepContext,
    x: Mat,
    _y: Mat,
    dy: Mat,
    dx: Mat,
    cache: TernaryLinearCache,
  ): void {
    const { products, gradients } = compute;
    const { ternary, dense } = this.weight;
    const { grad } = this.learned?.use ?? this.weight;
    if (cache === null) kernels.matmulTransA(grad, dy, x, products);
    else kernels.ternaryMatmulGradW(grad, dy, cache.quantized, gradients);
    if (this.share < 1) kernels.matmul(dx, dy, dense, products);
    else kernels.ternaryMatmulGradX(dx, dy, ternary, gradients);
  }
}

const norms = z.union([
  z.enum(['none', 'rms', 'layer']),
  z.strictObject({ rms: rmsNorm.schema }),
  z.strictObject({ layer: layerNorm.schema.pick({ eps: true }) }),
]);

function createNorm(norm: Exclude<z.output<typeof norms>, 'none'>, scope: LayerScope): Layer {
  const options = typeof norm === 'string' ? { [norm]: {} } : norm;
  return 'layer' in options
    ? layerNorm.create(layerNorm.schema.parse({ ...options.layer, gain: false, bias: false }), scope)
    : rmsNorm.create(rmsNorm.schema.parse(options.rms), scope);
}

export const ternaryLinear = component({
  kind: 'layer',
  type: 'ternary_linear',
  summary: 'A linear layer without bias whose weights are a scale times -1, 0 or +1.',
  schema: z.strictObject({
    out: count.describe('Columns that come out.'),
    weights: z
      .enum([...WEIGHT_RULES, 'learned'])
      .default('absmean')
      .describe('How the scale of the weights is found; learned: by gradient (LSQ).'),
    scale: z
      .enum(WEIGHT_SCALES)
      .default('tensor')
      .describe('The weights have one scale, or one for each row, hence column that comes out.'),
    norm: norms
      .default('none')
      .describe(
        'Norm of the rows that come in, before they are quantised (BitLinear): rms is rms_norm, layer is layer_norm without gain and bias; options may follow.',
      ),
    activations: z
      .enum([...ACTIVATION_RULES, 'none'])
      .default('ternary')
      .describe('How the rows that come in are quantised.'),
    init: matrixInit,
    blend: z
      .strictObject({
        start: z.number().min(0).max(1).default(0).describe('Until then training uses the float weights.'),
        end: z.number().min(0).max(1).describe('From then on it uses the ternary ones.'),
      })
      .nullable()
      .default(null)
      .describe(
        'Parts of a run, from 0 to 1, between which training fades from float to ternary weights; null: ternary from the start.',
      ),
  }),
  examples: [
    { out: 12 },
    { out: 5, weights: 'absmedian', activations: 'ternary-mse', init: { normal: 0.3 } },
    { out: 8, activations: 'int8' },
    { out: 8, activations: 'none' },
    { out: 12, scale: 'row', weights: 'absmedian' },
    { out: 6, scale: 'row', activations: 'none' },
    { out: 6, blend: { end: 0.2 } },
    { out: 6, weights: 'learned', activations: 'int8' },
    { out: 6, weights: 'learned', scale: 'row', activations: 'none' },
    { out: 6, norm: 'rms', activations: 'int8' },
    { out: 6, norm: { rms: { gain: false, eps: 1e-8 } } },
    { out: 6, norm: 'layer', weights: 'absmedian', activations: 'int8' },
    { out: 6, norm: { layer: { eps: 1e-8 } } },
  ],
  create: ({ out, init, norm, ...rules }, scope) => {
    const { path, inCols, add, fail } = scope;
    const { blend, weights } = rules;
    if (blend && weights === 'learned') fail('blend has no gradient for learned scales', 'blend');
    if (blend && blend.start > blend.end)
      fail(`blend ends at ${blend.end}, before it starts at ${blend.start}`, 'blend');
    const linear = (at: string) =>
      new TernaryLinear(at, inCols, out, { ...rules, init: initOf(init, inCols, out) });
    if (norm === 'none') return linear(path);
    const normed = add('norm', (at) => createNorm(norm, { ...scope, path: at }));
    return new Sequence(path, [normed, add('linear', linear)]);
  },
});
