import { z } from 'zod';
import { component } from '../core/component.ts';
import type { Layer, StepContext } from '../core/layer.ts';
import type { Parameter } from '../core/parameter.ts';
import type { Ids, Mat } from '../core/tensor.ts';

/**
 * `y_t` is the mean of all rows of the call in the document of row t, later ones too: for models that were published with this leak
 * (their recipes say `causal: false`). `running_mean` does not look ahead.
 */
export class SequenceMean implements Layer<null> {
  readonly type = 'sequence_mean';
  readonly coupling = 'sequence';
  readonly seesLater = true;
  readonly keeps = { input: false, output: false };
  readonly inCols: number;
  readonly outCols: number;
  readonly macs: number;

  constructor(
    readonly path: string,
    dim: number,
  ) {
    this.inCols = dim;
    this.outCols = dim;
    this.macs = dim;
  }

  parameters(): Iterable<Parameter> {
    return [];
  }

  plan(): null {
    return null;
  }

  forward({ seqLen, starts }: StepContext, x: Mat, y: Mat): void {
    meanOfDocuments(y, x, seqLen, starts);
  }

  // The matrix of these means is symmetric: backward is the same.
  backward({ seqLen, starts }: StepContext, _x: Mat, _y: Mat, dy: Mat, dx: Mat): void {
    meanOfDocuments(dx, dy, seqLen, starts);
  }
}

function meanOfDocuments(out: Mat, x: Mat, seqLen: number, starts: Ids | null): void {
  const { rows, cols } = x;
  let first = 0;
  for (let end = 1; end <= rows; end++) {
    if (end % seqLen !== 0 && (starts === null || starts.data[end] === starts.data[first])) continue;
    for (let j = 0; j < cols; j++) {
      let sum = 0;
      for (let i = first; i < end; i++) sum += x.data[i * cols + j]!;
      for (let i = first; i < end; i++) out.data[i * cols + j] = sum / (end - first);
    }
    first = end;
  }
}

export const sequenceMean = component({
  kind: 'layer',
  type: 'sequence_mean',
  summary:
    'The mean of all rows of the sequence, later ones too: not causal, for models that were published so.',
  schema: z.strictObject({}),
  examples: [{}],
  create: (_, { path, inCols }) => new SequenceMean(path, inCols),
});
