import { FlashError } from '../core/errors.ts';
import { ALIGNED_VERSION, alignedSequences } from './aligned-sequences.ts';
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
 *
 * With `align` the rows are those of `alignedSequences` instead, the same in every epoch, and an epoch has as many positions as
 * they hold: every token at least once. Both orders hold each row once an epoch.
 */
export const DATA_ORDERS = ['sequential', 'shuffled'] as const;
export type DataOrder = (typeof DATA_ORDERS)[number];

/** Raised when an order comes to mean other batches: a run must not go on with them in silence. */
const ORDER_VERSIONS: Readonly<Record<DataOrder, number>> = { sequential: 1, shuffled: 2 };

/** The version of the batches that these options mean. */
export const orderVersion = ({ order, align }: Pick<BatchOptions, 'order' | 'align'>): number =>
  align ? ALIGNED_VERSION : ORDER_VERSIONS[order];

export interface BatchOptions {
  /** Tokens in a sequence. */
  readonly seqLen: number;
  /** Sequences in a batch. */
  readonly batch: number;
  readonly order: DataOrder;
  readonly seed: number;
  /** Sequences begin at documents. */
  readonly align?: boolean;
}

/** A token file, or a replacement of one. */
export type TokenStream = Pick<TokenFile, 'source' | 'tokens' | 'read' | 'documents' | 'checkUnchanged'>;

/** Batches of a token file. Batch k is a function of k, the options and the file alone, so resuming needs no state. */
export class BatchSource {
  /** Positions in a batch: batch * seqLen. */
  readonly positions: number;
  /** Positions in an epoch: the number of tokens, or more where sequences begin at documents. */
  readonly epochPositions: number;

  private readonly tokens: TokenStream;
  private readonly options: BatchOptions;
  private readonly stream: Int32Array;
  /** Where the sequences of an epoch begin, if at documents. */
  private readonly starts: Float64Array | undefined;
  /** The order of the epoch asked for last. */
  private shuffle?: { readonly epoch: number; readonly order: Permutation };

  /** Throws FlashError when the data is shorter than one sequence and its successor. */
  constructor(tokens: TokenStream, options: BatchOptions) {
    const { seqLen, batch, align } = options;
    if (tokens.tokens < seqLen + 1) {
      throw new FlashError(`The data has ${tokens.tokens} tokens, one sequence needs ${seqLen + 1}`, {
        where: tokens.source,
        remedy: 'Give more data, or make the sequences shorter (data.seq_len).',
      });
    }
    this.tokens = tokens;
    this.options = options;
    this.positions = batch * seqLen;
    if (align) this.starts = alignedSequences(tokens.documents(), seqLen);
    this.epochPositions = this.starts ? this.starts.length * seqLen : tokens.tokens;
    this.stream = new Int32Array(this.isOnePiece ? this.positions + 1 : seqLen + 1);
  }

  /**
   * Writes batch `step` (from 0): `positions` ids, sequence after sequence, and for each of them in `targets` the id
   * that follows it in the stream. Throws FlashError if the file was damaged since it was opened.
   */
  fill(step: number, ids: Int32Array, targets: Int32Array): void {
    const { seqLen, batch } = this.options;
    if (this.isOnePiece) {
      this.copy(step * this.positions, ids, targets, 0);
    } else {
      for (let row = 0; row < batch; row++) {
        this.copy(this.startOf(step * batch + row), ids, targets, row * seqLen);
      }
    }
    this.tokens.checkUnchanged();
  }

  /** A batch is one piece of the stream. */
  private get isOnePiece(): boolean {
    return this.options.order === 'sequential' && !this.starts;
  }

  /** Where `row`, counted from the start of the first epoch, begins in the endless stream. */
  private startOf(row: number): number {
    const { starts } = this;
    const { order, seqLen } = this.options;
    if (!starts) return this.shuffledRow(row) * seqLen;
    const { length: rows } = starts;
    const epoch = Math.floor(row / rows);
    const place = row - epoch * rows;
    // The id before a document's first token is the end of the document before it, as in evaluation.
    const start = starts[order === 'shuffled' ? this.shuffled(epoch, rows).at(place) : place]! - 1;
    return start < 0 ? start + this.tokens.tokens : start;
  }

  /** The row that takes the place of `row`, both counted from the start of the first epoch. */
  private shuffledRow(row: number): number {
    const { seqLen } = this.options;
    const { tokens } = this.tokens;
    const epoch = Math.floor((row * seqLen) / tokens);
    const first = Math.ceil((epoch * tokens) / seqLen);
    const whole = Math.floor(((epoch + 1) * tokens) / seqLen) - first;
    if (row - first >= whole) return row;
    return first + this.shuffled(epoch, whole).at(row - first);
  }

  /** The order of the rows of an epoch. */
  private shuffled(epoch: number, rows: number): Permutation {
    if (this.shuffle?.epoch !== epoch) {
      this.shuffle = { epoch, order: new Permutation(rows, this.options.seed, `data/epoch ${epoch}`) };
    }
    return this.shuffle.order;
  }

  /** Copies what follows position `start` of the endless stream. */
  private copy(start: number, ids: Int32Array, targets: Int32Array, at: number): void {
    const count = this.stream.length - 1;
    this.tokens.read(start % this.tokens.tokens, count + 1, this.stream);
    ids.set(this.stream.subarray(0, count), at);
    targets.set(this.stream.subarray(1), at);
  }
}
