import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Layer, StepContext } from '../core/layer.ts';
import { Parameter } from '../core/parameter.ts';
import type { Mat } from '../core/tensor.ts';

/** `y = g * x`, or `y = s(g) * x`, with one learned number g for all channels. */
export class LearnedScale implements Layer<null> {
  readonly type = 'learned_scale';
  readonly coupling = 'row';
  readonly throughKernels = true;
  readonly keeps = { input: true, output: false };
  readonly inCols: number;
  readonly outCols: number;
  readonly macs: number;
  private readonly scale: Parameter;

  constructor(
    readonly path: string,
    dim: number,
    private readonly options: { readonly through: 'none' | 'sigmoid'; readonly init: number },
  ) {
    this.inCols = dim;
    this.outCols = dim;
    this.macs = dim;
    this.scale = new Parameter(`${path}.scale`, 1, 1, { constant: options.init });
  }

  parameters(): Iterable<Parameter> {
    return [this.scale];
  }

  plan(): null {
    return null;
  }

  forward({ kernels }: StepContext, x: Mat, y: Mat): void {
    const { value } = this.scale;
    if (this.options.through === 'sigmoid') kernels.sigmoidScale(y, x, value);
    else kernels.scaleAdd(y, null, x, value);
  }

  backward({ kernels }: StepContext, x: Mat, _y: Mat, dy: Mat, dx: Mat): void {
    const { value, grad } = this.scale;
    if (this.options.through === 'sigmoid') {
      kernels.sigmoidScaleGrad(dx, grad, dy, x, value);
      return;
    }
    kernels.scaleAddGrad(grad, dy, x);
    kernels.scaleAdd(dx, null, dy, value);
  }
}

export const learnedScale = component({
  kind: 'layer',
  type: 'learned_scale',
  summary: 'Multiplies every element by one learned number, or by its sigmoid: the gate of a residual.',
  schema: z.strictObject({
    through: z.enum(['none', 'sigmoid']).default('none').describe('What the number goes through first.'),
    init: z.number().default(0).describe('Its first value.'),
  }),
  examples: [{}, { through: 'sigmoid', init: 0.5 }],
  create: (options, { path, inCols }) => new LearnedScale(path, inCols, options),
});
