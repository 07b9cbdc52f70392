import { allocateMat, allocateTensor, type Backend } from '../core/backend.ts';
import type { Precision } from '../core/compute.ts';
import type { ActivationRule, Kernels, WeightRule } from '../core/kernels.ts';
import type { Layer, StepContext } from '../core/layer.ts';
import { type Init, Parameter } from '../core/parameter.ts';
import type { Mat, Quantized, TernaryWeight } from '../core/tensor.ts';
import type { Planner } from '../runtime/workspace.ts';

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
  private quantized?: TernaryWeight;

  constructor(
    readonly path: string,
    readonly inCols: number,
    readonly outCols: number,
    private readonly options: TernaryLinearOptions,
    private readonly backend: Backend,
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

  prepare(k: Kernels, gradients: Precision): void {
    this.quantized ??= this.allocate();
    const { codes, scale, packed } = this.quantized;
    k.quantizeWeight(codes, scale, this.weight.value, this.options.weights);
    k.packTernary(packed, codes, gradients);
  }

  forward(ctx: StepContext, x: Mat, y: Mat, xq: TernaryLinearCache): void {
    const { activations } = this.options;
    if (xq === null || activations === 'none') {
      ctx.k.ternaryMatmulFloat(y, x, this.quantized!, ctx.compute.products);
      return;
    }
    ctx.k.quantizeRows(xq.codes, xq.scale, x, activations);
    ctx.k.ternaryMatmul(y, xq, this.quantized!);
  }

  backward(ctx: StepContext, x: Mat, _y: Mat, dy: Mat, dx: Mat, xq: TernaryLinearCache): void {
    const { products, gradients } = ctx.compute;
    if (xq === null) ctx.k.matmulTransA(this.weight.grad, dy, x, products);
    else ctx.k.ternaryMatmulGradW(this.weight.grad, dy, xq, gradients);
    ctx.k.ternaryMatmulGradX(dx, dy, this.quantized!, gradients);
  }

  private allocate(): TernaryWeight {
    const { backend, path, outCols, inCols } = this;
    const packedBytes = backend.packedTernaryBytes(outCols, inCols);
    return {
      codes: allocateTensor(backend, 'i8', outCols, inCols, `${path}.weight/codes`),
      scale: allocateMat(backend, 1, 1, `${path}.weight/scale`),
      packed: allocateTensor(backend, 'u8', 1, packedBytes, `${path}.weight/packed`),
    };
  }
}
