/**
 * Rows for a model: a token id each, and its targets with weights in compressed rows. A batch in which every token is
 * computed has one target of weight 1 a row; a collapsed one has a row a distinct token. Arrays may be longer than used.
 */
export interface Rows {
  readonly count: number;
  readonly ids: Int32Array;
  /** Of each row the first row of its document in its sequence, as `StepContext.starts`; none where it is left out. */
  readonly starts?: Int32Array;
  /** Row i has the entries `offsets[i] .. offsets[i + 1]` of `targetIds` and `weights`. */
  readonly offsets: Int32Array;
  readonly targetIds: Int32Array;
  /** Counts. Float64 holds those of any stream. */
  readonly weights: Int32Array | Float64Array;
}

/**
 * Writes for each of the rows of `ids` the first row of its document, counted in its sequence of `seqLen` rows. A document begins
 * with the row of the end-of-document token before it, which predicts its first token, and goes on in the sequence's first row
 * if that is none.
 */
export function findDocumentStarts(out: Int32Array, ids: Int32Array, eos: number, seqLen: number): void {
  for (let row = 0, start = 0; row < ids.length; row++) {
    const t = row % seqLen;
    if (t === 0 || ids[row] === eos) start = t;
    out[row] = start;
  }
}

/** One row a token, in order. The result's arrays are `ids` and `targets` themselves. */
export class DenseRows {
  private readonly offsets: Int32Array;
  private readonly weights: Int32Array;

  constructor(capacity: number) {
    this.offsets = Int32Array.from({ length: capacity + 1 }, (_, i) => i);
    this.weights = new Int32Array(capacity).fill(1);
  }

  of(ids: Int32Array, targets: Int32Array, count: number, starts?: Int32Array): Rows {
    return {
      count,
      ids,
      ...(starts && { starts }),
      offsets: this.offsets,
      targetIds: targets,
      weights: this.weights,
    };
  }
}
