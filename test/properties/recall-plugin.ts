import { component, type Layer, type Mat, type Planner, type StepContext, z } from '../../src/index.ts';

interface RecallCache {
  /** All rows of each sequence so far [sequences * context x cols]. */
  readonly before: Mat;
  readonly context: number;
}

const DECAY = 0.75;

/**
 * `y_t = sum over the rows j <= t of its document of 0.75^(t - j) x_j`, from all rows themselves: what it carries grows with
 * the sequence, as that of attention does. Its order of additions depends on no call.
 */
class Recall implements Layer<RecallCache> {
  readonly type = 'recall';
  readonly coupling = 'sequence';
  readonly growsTo = 'context';
  readonly keeps = { input: true, output: false };
  readonly macs = 0;
  readonly outCols: number;

  constructor(
    readonly path: string,
    readonly inCols: number,
  ) {
    this.outCols = inCols;
  }

  parameters(): [] {
    return [];
  }

  plan(_rows: number, p: Planner): RecallCache {
    return { before: p.state(`${this.path}/before`, p.context, this.inCols), context: p.context };
  }

  forward({ seqLen, position, starts }: StepContext, x: Mat, y: Mat, { before, context }: RecallCache): void {
    const { inCols: cols } = this;
    for (let s = 0; s < position.rows; s++) {
      const past = position.data[s]!;
      if (past + seqLen > context)
        throw new RangeError(`${past + seqLen} rows in a sequence with room for ${context}`);
      const rows = before.data.subarray(s * context * cols, (s + 1) * context * cols);
      rows.set(x.data.subarray(s * seqLen * cols, (s + 1) * seqLen * cols), past * cols);
      for (let t = 0; t < seqLen; t++) {
        const start = starts?.data[s * seqLen + t] ?? 0;
        const first = start > 0 ? past + start : 0;
        for (let c = 0; c < cols; c++) {
          let sum = 0;
          for (let j = first; j <= past + t; j++) sum = sum * DECAY + rows[j * cols + c]!;
          y.data[(s * seqLen + t) * cols + c] = sum;
        }
      }
    }
  }

  backward({ seqLen, starts }: StepContext, x: Mat, _y: Mat, dy: Mat, dx: Mat): void {
    const { inCols: cols } = this;
    dx.data.fill(0);
    for (let row = 0; row < x.rows; row++) {
      const sequence = row - (row % seqLen);
      const first = sequence + (starts?.data[row] ?? 0);
      for (let j = first; j <= row; j++)
        for (let c = 0; c < cols; c++)
          dx.data[j * cols + c]! += DECAY ** (row - j) * dy.data[row * cols + c]!;
    }
  }
}

export default {
  name: 'recall',
  register(add: (part: unknown) => void): void {
    add(
      component({
        kind: 'layer',
        type: 'recall',
        summary: 'A decaying sum of all rows so far.',
        schema: z.strictObject({}),
        examples: [{}],
        create: (_, { path, inCols }) => new Recall(path, inCols),
      }),
    );
  },
};
