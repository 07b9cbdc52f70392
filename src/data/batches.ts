import { FlashError } from '../core/errors.ts';
import { Permutation } from './permutation.ts';
import type { TokenFile } from './token-file.ts';

/**
 * The stream of tokens wraps around, and both orders cut it into rows of `seqLen` tokens that go on over its end: row r
 * begins at token `r * seqLen`, modulo the size of the data. Epoch e is the `tokens` positions from `e * tokens` on, so
 * it holds every token exactly once, whatever remainder the data leaves.
 * - `sequential`: batch k holds rows `k * batch` to `(k + 1) * batch - 1`.
 * - `shuffled`: the rows that lie wholly in one epoch take each other's places, in an order that depends on the seed and
 *   the epoch. A row that ends in the next epoch keeps its place, so windows lie elsewhere in each epoch, unless
 *   `seqLen` divides the data.
 */
export const DATA_ORDERS = ['sequential', 'shuffled'] as const;
export type DataOrder = (typeof DATA_ORDERS)[number];

/** Raised when an order comes to mean other batches: a run must not go on with them in silence. */
export const ORDER_VERSIONS: Readonly<Record<DataOrder, number>> = { sequential: 1, shuffled: 2 };

export interface BatchOptions {
  /** Tokens in a sequence. */
  readonly seqLen: number;
  /** Sequences in a batch. */
  readonly batch: number;
  readonly order: DataOrder;
  readonly seed: number;
}

/** A token file, or a replacement of one. */
export type TokenStream = Pick<TokenFile, 'source' | 'tokens' | 'read' | 'checkUnchanged'>;

/** Batches of a token file. Batch k is a function of k, the options and the file alone, so resuming needs no state. */
export class BatchSource {
  /** Positions in a batch: batch * seqLen. */
  readonly positions: number;

  private readonly tokens: TokenStream;
  private readonly options: BatchOptions;
  private readonly stream: Int32Array;
  /** The order of the epoch asked for last. */
  private shuffle?: { readonly epoch: number; readonly order: Permutation };

  /** Throws FlashError when the data is shorter than one sequence and its successor. */
  constructor(tokens: TokenStream, options: BatchOptions) {
    const { seqLen, batch, order } = options;
    if (tokens.tokens < seqLen + 1) {
      throw new FlashError(`The data has ${tokens.tokens} tokens, one sequence needs ${seqLen + 1}`, {
        where: tokens.source,
        remedy: 'Give more data, or make the sequences shorter (data.seq_len).',
      });
    }
    this.tokens = tokens;
    this.options = options;
    this.positions = batch * seqLen;
    this.stream = new Int32Array(order === 'sequential' ? this.positions + 1 : seqLen + 1);
  }

  /**
   * Writes batch `step` (from 0): `positions` ids, sequence after sequence, and for each of them in `targets` the id
   * that follows it in the stream. Throws FlashError if the file was damaged since it was opened.
   */
  fill(step: number, ids: Int32Array, targets: Int32Array): void {
    const { seqLen, batch, order } = this.options;
    if (order === 'sequential') {
      this.copy(step * this.positions, ids, targets, 0);
    } else {
      for (let row = 0; row < batch; row++) {
        this.copy(this.shuffledRow(step * batch + row) * seqLen, ids, targets, row * seqLen);
      }
    }
    this.tokens.checkUnchanged();
  }

  /** The row that takes the place of `row`, both counted from the start of the first epoch. */
  private shuffledRow(row: number): number {
    const { seqLen, seed } = this.options;
    const { tokens } = this.tokens;
    const epoch = Math.floor((row * seqLen) / tokens);
    const first = Math.ceil((epoch * tokens) / seqLen);
    const whole = Math.floor(((epoch + 1) * tokens) / seqLen) - first;
    if (row - first >= whole) return row;
    if (this.shuffle?.epoch !== epoch) {
      this.shuffle = { epoch, order: new Permutation(whole, seed, `data/epoch ${epoch}`) };
    }
    return first + this.shuffle.order.at(row - first);
  }

  /** Copies what follows position `start` of the endless stream. */
  private copy(start: number, ids: Int32Array, targets: Int32Array, at: number): void {
    const count = this.stream.length - 1;
    this.tokens.read(start % this.tokens.tokens, count + 1, this.stream);
    ids.set(this.stream.subarray(0, count), at);
    targets.set(this.stream.subarray(1), at);
  }
}
