import { setImmediate } from 'node:timers/promises';
import type { Compute } from '../core/compute.ts';
import { ROW_CHUNK } from '../core/kernels.ts';
import type { Mat } from '../core/tensor.ts';
import { Blocks } from './blocks.ts';
import type { Pass } from './context.ts';
import type { Model } from './model.ts';
import type { Rows } from './rows.ts';

export interface BatchRunnerOptions {
  readonly seqLen: number;
  /** Maximum rows of one block, or `auto`: a fixed number for each thread. */
  readonly blockRows: number | 'auto';
  /** Maximum rows of a batch: the vocabulary where rows are distinct tokens. */
  readonly maxRows: number;
  /** Maximum target entries of a row; a training batch has no more of them altogether. */
  readonly maxEntries: number;
  readonly training: boolean;
  /** What products are rounded to; float32 where it is left out. */
  readonly compute?: Compute;
}

/**
 * Fewer rows leave their activations nearer to the core, more rows need fewer calls. v6.1 was 3 to 7% quicker with these
 * than with half of them, and about as quick with twice as many, which take twice the memory.
 */
const ROWS_A_THREAD = 1024;
/** Signals and timers are let in after this long: a turn of the event loop takes as long as some ten calls of a kernel. */
const TURN_MS = 50;
/** Ragged last blocks are padded to this many rows, so that few plans are made. */
const ROW_PADDING = 16;

/**
 * The size of a block. Gradients are summed in chunks of `ROW_CHUNK` rows from a block's first row, so blocks are
 * multiples of that (and of whole sequences where rows are mixed): then neither the number of threads nor the block's
 * size shows in the bits. Where no common multiple is small, the size must not depend on the threads.
 */
export function chooseBlockRows(
  model: Pick<Model, 'coupling' | 'backend'>,
  options: Pick<BatchRunnerOptions, 'seqLen' | 'blockRows' | 'maxRows'>,
): number {
  const unit = model.coupling === 'row' ? 1 : options.seqLen;
  const common = leastCommonMultiple(unit, ROW_CHUNK);
  const small = common <= 4096;
  const wanted =
    options.blockRows === 'auto' ? ROWS_A_THREAD * (small ? model.backend.threads : 4) : options.blockRows;
  const step = options.blockRows === 'auto' && small ? common : unit;
  const whole = Math.ceil(options.maxRows / unit) * unit;
  return Math.min(whole, Math.max(1, Math.round(wanted / step)) * step);
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y) [x, y] = [y, x % y];
  return (a / x) * b;
}

/** Sends batches through a model block by block, so that activations of one block at a time exist. */
export class BatchRunner {
  readonly blocks: Blocks;
  private readonly pass: Pass;
  /** When signals and timers were last let in. */
  private turn = performance.now();

  constructor(
    readonly model: Model,
    options: BatchRunnerOptions,
  ) {
    this.blocks = new Blocks(model, {
      rows: chooseBlockRows(model, options),
      seqLen: options.seqLen,
      training: options.training,
      targetCapacity: options.maxEntries,
    });
    const { compute, training } = options;
    this.pass = { training, ...(compute && { compute }) };
  }

  /** Sum of the rows' nats. */
  evaluate(rows: Rows, pass: Pass = this.pass): number {
    return finish(this.run(rows, null, pass));
  }

  /** `evaluate` that stops after each block, with the number of rows that are done. */
  evaluateStepwise(rows: Rows): Generator<number, number> {
    return this.run(rows, null, this.pass);
  }

  /** Sum of the rows' nats; the gradient of `scale` times that sum is added to the parameters' gradients. */
  train(rows: Rows, scale: number, pass: Pass = {}): number {
    return finish(this.run(rows, scale, { ...this.pass, ...pass }));
  }

  /**
   * `train` that lets signals and timers in, between blocks and not too often: a step can take minutes, or milliseconds.
   * `onRows` is called as often, with the rows that are done.
   */
  async trainInPieces(
    rows: Rows,
    scale: number,
    pass: Pass = {},
    onRows?: (done: number) => void,
  ): Promise<number> {
    const run = this.run(rows, scale, { ...this.pass, ...pass });
    for (;;) {
      const { done, value } = run.next();
      if (done) return value;
      if (performance.now() - this.turn < TURN_MS) continue;
      onRows?.(value);
      await setImmediate();
      this.turn = performance.now();
    }
  }

  /** Stops after each block, with the rows that are done; returns the sum of the nats. `scale` null: no gradients. */
  private *run(rows: Rows, scale: number | null, pass: Pass): Generator<number, number> {
    const most = this.blocks.options.rows;
    let nats = 0;
    for (let start = 0, count = 0; start < rows.count; start += count) {
      count = Math.min(most, rows.count - start);
      // Only a whole stream's counts, which are evaluated and never trained on, can outgrow the entries of a block.
      while (rows.offsets[start + count]! - rows.offsets[start]! > this.blocks.options.targetCapacity)
        count--;
      if (count === 0) throw new RangeError(`row ${start} has more targets than a block holds`);
      const padded =
        this.model.coupling === 'row' ? Math.min(most, Math.ceil(count / ROW_PADDING) * ROW_PADDING) : count;
      const block = this.blocks.block(padded);
      block.load(rows, start, count);
      block.forward(pass);
      block.loss(pass, scale);
      if (scale !== null) block.backward(pass);
      nats = addInOrder(nats, block.nats, count);
      yield start + count;
    }
    if (scale !== null) this.model.store.foldUses(pass.kernels ?? this.model.backend.kernels);
    return nats;
  }
}

/** In row order and float64: the total must not depend on the blocks. */
function addInOrder(sum: number, { data }: Mat, count: number): number {
  let total = sum;
  for (let i = 0; i < count; i++) total += data[i]!;
  return total;
}

function finish<R>(run: Generator<unknown, R>): R {
  for (;;) {
    const { done, value } = run.next();
    if (done) return value;
  }
}
