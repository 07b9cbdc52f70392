import { z } from 'zod';
import { component } from '../../src/core/component.ts';
import type { Coupling, Layer, StepContext } from '../../src/core/layer.ts';
import type { Mat, SparseTargets } from '../../src/core/tensor.ts';
import { TiedHead } from '../../src/layers/tied-head.ts';
import type { Plugin } from '../../src/recipes/registry.ts';

/** The rows beside its own whose mean is added to a row; it must stay within the block. */
type Sees = (row: number, rows: number, seqLen: number) => readonly number[];

/** `y_r = x_r + mean of x_s over the rows s that r sees`, with a right backward: wrong in nothing but what it sees. */
class Seeing implements Layer<null> {
  readonly keeps = { input: false, output: false };
  readonly macs = 0;

  constructor(
    readonly path: string,
    readonly type: string,
    readonly inCols: number,
    readonly coupling: Coupling,
    private readonly sees: Sees,
  ) {}

  get outCols(): number {
    return this.inCols;
  }

  parameters() {
    return [];
  }

  plan(): null {
    return null;
  }

  forward({ seqLen }: StepContext, x: Mat, y: Mat): void {
    y.data.set(x.data);
    this.each(x.rows, seqLen, (row, source, share) => addRow(y, row, x, source, share));
  }

  backward({ seqLen }: StepContext, _x: Mat, _y: Mat, dy: Mat, dx: Mat): void {
    dx.data.set(dy.data);
    this.each(dy.rows, seqLen, (row, source, share) => addRow(dx, source, dy, row, share));
  }

  private each(rows: number, seqLen: number, visit: (row: number, source: number, share: number) => void) {
    for (let row = 0; row < rows; row++) {
      const sources = this.sees(row, rows, seqLen);
      for (const source of sources) visit(row, source, 1 / sources.length);
    }
  }
}

function addRow(to: Mat, row: number, from: Mat, source: number, share: number): void {
  for (let c = 0; c < to.cols; c++) to.data[row * to.cols + c]! += share * from.data[source * to.cols + c]!;
}

let calls = 0;

/** Passes its rows on, but for the first call of a model after so many others: that one gives NaN. */
class TurnsNan extends Seeing {
  private left: number;

  constructor(path: string, type: string, cols: number, calls: number) {
    super(path, type, cols, 'row', () => []);
    this.left = calls;
  }

  override forward(ctx: StepContext, x: Mat, y: Mat): void {
    super.forward(ctx, x, y);
    if (this.left-- <= 0) y.data[0] = Number.NaN;
  }
}

const LAYERS: Readonly<Record<string, readonly [coupling: Coupling, sees: Sees]>> = {
  sees_next: ['sequence', (row, _, seqLen) => ((row + 1) % seqLen ? [row + 1] : [])],
  sees_whole: [
    'sequence',
    (row, _, seqLen) => Array.from({ length: seqLen }, (_, i) => row - (row % seqLen) + i),
  ],
  /** The row before, and never mind where a sequence begins. */
  sees_across: ['sequence', (row) => (row ? [row - 1] : [])],
  says_row: ['row', (row, _, seqLen) => (row % seqLen ? [row - 1] : [])],
  /** One row alone looks ahead. */
  peeks_once: ['sequence', (row, _, seqLen) => (row % seqLen === 5 ? [row + 1] : [])],
  /** Looks ahead far into a sequence only. */
  peeks_far: ['sequence', (row, _, seqLen) => (row % seqLen >= 300 && (row + 1) % seqLen ? [row + 1] : [])],
  /** Another row each time: nothing that a change of tokens could be told from. */
  sees_any: ['sequence', (row, _, seqLen) => [row - (row % seqLen) + (calls++ % (seqLen - 1))]],
  /** Looks at nothing that it must not. */
  sees_before: ['sequence', (row, _, seqLen) => (row % seqLen ? [row - 1] : [])],
};

/** Right logits, but each row's loss is that of the row after it as well. */
class PeekingHead extends TiedHead {
  override loss(ctx: StepContext, nats: Mat, h: Mat, targets: SparseTargets, scale: number, dh: Mat | null) {
    super.loss(ctx, nats, h, targets, scale, dh, null);
    for (let row = 0; row + 1 < nats.rows; row++) nats.data[row]! += nats.data[row + 1]!;
  }
}

const leakyLayers: Plugin = {
  name: 'leaky-layers',
  register(add) {
    for (const [type, [coupling, sees]] of Object.entries(LAYERS)) {
      add(
        component({
          kind: 'layer',
          type,
          summary: 'Sees other rows.',
          schema: z.strictObject({}),
          examples: [{}],
          create: (_, { path, inCols }) => new Seeing(path, type, inCols, coupling, sees),
        }),
      );
    }
    add(
      component({
        kind: 'layer',
        type: 'turns_nan',
        summary: 'NaN after so many calls.',
        schema: z.strictObject({ after: z.int().min(0) }),
        examples: [{ after: 1 }],
        create: ({ after }, { path, inCols }) => new TurnsNan(path, 'turns_nan', inCols, after),
      }),
    );
    add(
      component({
        kind: 'objective',
        type: 'peeking_head',
        summary: 'Sees the next row in its loss.',
        schema: z.strictObject({}),
        examples: [{}],
        create: (_, { path, parameterOf }) => new PeekingHead(path, parameterOf('embedding')!),
      }),
    );
  },
};

export default leakyLayers;
