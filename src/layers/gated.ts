import { z } from 'zod';
import { ACTIVATION_FNS, type ActivationFn } from '../core/choices.ts';
import { component } from '../core/component.ts';
import type { Layer, StepContext } from '../core/layer.ts';
import type { Parameter } from '../core/parameter.ts';
import type { Planner } from '../core/planner.ts';
import type { Mat } from '../core/tensor.ts';

interface GatedCache {
  /** [rows x inCols]: what backward multiplies the gradient by, so that x need not be kept. Null where there is none. */
  readonly factors: Mat | null;
}

/** `y = fn(a) * b` where a and b are the two halves of the columns that come in (Shazeer 2020). */
export class Gated implements Layer<GatedCache> {
  readonly type = 'gated';
  readonly coupling = 'row';
  readonly throughKernels = true;
  readonly keeps = { input: false, output: false };
  readonly inCols: number;
  readonly macs: number;

  constructor(
    readonly path: string,
    readonly outCols: number,
    private readonly fn: ActivationFn,
  ) {
    this.inCols = 2 * outCols;
    this.macs = 2 * outCols;
  }

  parameters(): Iterable<Parameter> {
    return [];
  }

  plan(rows: number, p: Planner): GatedCache {
    return { factors: p.training ? p.saved(`${this.path}/factors`, rows, this.inCols) : null };
  }

  forward(ctx: StepContext, x: Mat, y: Mat, { factors }: GatedCache): void {
    ctx.kernels.gate(y, factors, x, this.fn);
  }

  backward(ctx: StepContext, _x: Mat, _y: Mat, dy: Mat, dx: Mat, { factors }: GatedCache): void {
    ctx.kernels.gateGrad(dx, dy, factors!);
  }
}

export const gated = component({
  kind: 'layer',
  type: 'gated',
  summary:
    'A function of the first half of the columns times the second half; half as many columns come out.',
  schema: z.strictObject({
    fn: z.enum(ACTIVATION_FNS).describe('The function of the first half.'),
  }),
  main: 'fn',
  examples: ACTIVATION_FNS.map((fn) => ({ fn })),
  create: ({ fn }, { path, inCols, fail }) => {
    if (inCols % 2) fail(`${inCols} columns come in, but gated needs an even number to halve`, 'fn');
    return new Gated(path, inCols / 2, fn);
  },
});
