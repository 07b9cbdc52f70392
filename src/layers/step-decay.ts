import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Layer, StepContext } from '../core/layer.ts';
import { Parameter } from '../core/parameter.ts';
import type { Mat } from '../core/tensor.ts';

/** `y = -e^rate s`, or `[s | -e^rate s]`, with the step `s = softplus(x + bias)`; rate and bias for each column. */
export class StepDecay implements Layer<null> {
  readonly type = 'step_decay';
  readonly coupling = 'row';
  readonly throughKernels = true;
  readonly keeps = { input: true, output: false };
  readonly outCols: number;
  readonly macs: number;
  private readonly rate: Parameter;
  private readonly bias: Parameter;

  constructor(
    readonly path: string,
    readonly inCols: number,
    options: { readonly rate: Range; readonly step: Range; readonly steps: boolean },
  ) {
    const { rate, step, steps } = options;
    this.outCols = steps ? 2 * inCols : inCols;
    this.macs = inCols;
    this.rate = new Parameter(`${path}.rate`, 1, inCols, { draw: (u) => Math.log(between(rate, u)) });
    // The bias whose softplus is the step; steps are spread evenly by magnitude.
    this.bias = new Parameter(`${path}.bias`, 1, inCols, {
      draw: (u) => Math.log(Math.expm1(Math.exp(between([Math.log(step[0]), Math.log(step[1])], u)))),
    });
  }

  parameters(): Iterable<Parameter> {
    return [this.rate, this.bias];
  }

  plan(): null {
    return null;
  }

  forward({ kernels }: StepContext, x: Mat, y: Mat): void {
    kernels.stepDecay(y, x, this.rate.value, this.bias.value);
  }

  backward({ kernels }: StepContext, x: Mat, _y: Mat, dy: Mat, dx: Mat): void {
    const { rate, bias } = this;
    kernels.stepDecayGrad(dx, rate.grad, bias.grad, dy, x, rate.value, bias.value);
  }
}

type Range = readonly [from: number, to: number];

const between = ([from, to]: Range, u: number): number => from + (to - from) * u;

const range = z
  .tuple([z.number().positive(), z.number().positive()])
  .refine(([from, to]) => from <= to, 'expected the smaller number first');

export const stepDecay = component({
  kind: 'layer',
  type: 'step_decay',
  summary:
    'Minus a learned rate times a step (softplus of what comes in, plus a learned bias), as the decay of gla and delta.',
  schema: z.strictObject({
    rate: range.default([1, 16]).describe('First rates: evenly between these two.'),
    step: range
      .default([0.001, 0.1])
      .describe('First steps where nothing comes in: between these two, evenly by magnitude.'),
    steps: z
      .boolean()
      .default(false)
      .describe('Put the steps before the decays, as the write gates of Mamba-2: twice the columns.'),
  }),
  examples: [{}, { rate: [0.5, 2], step: [0.01, 0.5], steps: true }],
  create: ({ rate, step, steps }, { path, inCols }) => new StepDecay(path, inCols, { rate, step, steps }),
});
