import { FlashError } from '../core/errors.ts';
import { Permutation } from './permutation.ts';
import type { TokenFile } from './token-file.ts';

/**
 * - `sequential`: batch k is the stream from position k * batch * seqLen on.
 * - `shuffled`: the stream is cut into windows of seqLen tokens (the rest at the end is left out), and each epoch
 *   takes all of them in an order of its own that depends on the seed.
 */
export const DATA_ORDERS = ['sequential', 'shuffled'] as const;
export type DataOrder = (typeof DATA_ORDERS)[number];

export interface BatchOptions {
  /** Tokens in a sequence. */
  readonly seqLen: number;
  /** Sequences in a batch. */
  readonly batch: number;
  readonly order: DataOrder;
  readonly seed: number;
}

/** Batches of a token file. Batch k is a function of k, the options and the file alone, so to resume is to go on. */
export class BatchSource {
  /** Positions in a batch: batch * seqLen. */
  readonly positions: number;
  /** Steps after which every token (`shuffled`: every window) was seen at least once. */
  readonly stepsPerEpoch: number;

  private readonly tokens: TokenFile;
  private readonly options: BatchOptions;
  /** `shuffled`: windows in the file. */
  private readonly windows: number;
  private readonly stream: Int32Array;
  /** The order of the epoch asked for last. */
  private shuffle?: { readonly epoch: number; readonly order: Permutation };

  /** Throws FlashError when the data is shorter than one sequence and its successor. */
  constructor(tokens: TokenFile, options: BatchOptions) {
    const { seqLen, batch, order } = options;
    if (tokens.tokens < seqLen + 1) {
      throw new FlashError(`The data has ${tokens.tokens} tokens, one sequence needs ${seqLen + 1}`, {
        where: tokens.path,
        remedy: 'Give more data, or make the sequences shorter (data.seq_len).',
      });
    }
    this.tokens = tokens;
    this.options = options;
    this.positions = batch * seqLen;
    this.windows = Math.floor(tokens.tokens / seqLen);
    this.stepsPerEpoch =
      order === 'sequential' ? Math.ceil(tokens.tokens / this.positions) : Math.ceil(this.windows / batch);
    this.stream = new Int32Array(order === 'sequential' ? this.positions + 1 : seqLen + 1);
  }

  /**
   * Writes batch `step` (from 0): `positions` ids, sequence after sequence, and for each of them in `targets` the id
   * that follows it in the stream. Throws FlashError if the file was damaged since it was opened.
   */
  fill(step: number, ids: Int32Array, targets: Int32Array): void {
    const { seqLen, batch, order } = this.options;
    if (order === 'sequential') {
      this.copy((step * this.positions) % this.tokens.tokens, ids, targets, 0);
    } else {
      for (let row = 0; row < batch; row++) {
        this.copy(this.windowAt(step * batch + row) * seqLen, ids, targets, row * seqLen);
      }
    }
    this.tokens.checkUnchanged();
  }

  /** The window that is the `index`-th of all epochs. */
  private windowAt(index: number): number {
    const epoch = Math.floor(index / this.windows);
    if (this.shuffle?.epoch !== epoch) {
      this.shuffle = {
        epoch,
        order: new Permutation(this.windows, this.options.seed, `data/epoch ${epoch}`),
      };
    }
    return this.shuffle.order.at(index % this.windows);
  }

  private copy(start: number, ids: Int32Array, targets: Int32Array, at: number): void {
    const count = this.stream.length - 1;
    this.tokens.read(start, count + 1, this.stream);
    ids.set(this.stream.subarray(0, count), at);
    targets.set(this.stream.subarray(1), at);
  }
}
