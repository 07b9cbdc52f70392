import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Layer, StepContext } from '../core/layer.ts';
import type { Parameter } from '../core/parameter.ts';
import type { Planner } from '../core/planner.ts';
import type { Mat } from '../core/tensor.ts';

interface ScanCache {
  /** The row of y before each sequence; it receives the last one. */
  readonly state: Mat;
}

/** `y_t = f_t * y_{t-1} + c_t` where f and c are the two halves of the columns that come in. */
export class Scan implements Layer<ScanCache> {
  readonly type = 'scan';
  readonly coupling = 'sequence';
  readonly throughKernels = true;
  readonly keeps = { input: true, output: true };
  readonly inCols: number;
  readonly macs: number;

  constructor(
    readonly path: string,
    readonly outCols: number,
  ) {
    this.inCols = 2 * outCols;
    this.macs = outCols;
  }

  parameters(): Iterable<Parameter> {
    return [];
  }

  plan(_rows: number, p: Planner): ScanCache {
    return { state: p.state(`${this.path}/state`, 1, this.outCols) };
  }

  forward({ kernels, starts, seqLen }: StepContext, x: Mat, y: Mat, { state }: ScanCache): void {
    kernels.scan(y, state, x, starts, seqLen);
  }

  backward({ kernels, starts, seqLen }: StepContext, x: Mat, y: Mat, dy: Mat, dx: Mat): void {
    kernels.scanGrad(dx, dy, x, y, starts, seqLen);
  }
}

export const scan = component({
  kind: 'layer',
  type: 'scan',
  summary:
    'A recurrence of each channel alone: the first half of the columns times its last row, plus the second half.',
  schema: z.strictObject({}),
  examples: [{}],
  create: (_, { path, inCols, fail }) => {
    if (inCols % 2) fail(`${inCols} columns come in, but scan needs an even number to halve`);
    return new Scan(path, inCols / 2);
  },
});
