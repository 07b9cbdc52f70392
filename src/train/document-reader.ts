/** Tokens of a document that are in memory at most: memory must not grow with a document. */
const MAX_HELD = 1 << 14;

/** A document of which a part is in memory: the tokens that `take` has not taken yet. */
export class OpenDocument {
  private tokens = new Int32Array(64);
  private start = 0;
  private end = 0;

  /** `previous`: the token before the next one, which is an end of document at first. */
  constructor(private previous: number) {}

  get held(): number {
    return this.end - this.start;
  }

  add(tokens: Int32Array): void {
    if (this.end + tokens.length > this.tokens.length) {
      const grown = new Int32Array(Math.max(this.held + tokens.length, 2 * this.held));
      grown.set(this.tokens.subarray(this.start, this.end));
      [this.tokens, this.start, this.end] = [grown, 0, this.held];
    }
    this.tokens.set(tokens, this.end);
    this.end += tokens.length;
  }

  /** Moves the first `count` tokens to `targets`, and to `ids` for each the one before it. */
  take(count: number, ids: Int32Array, targets: Int32Array): void {
    const taken = this.tokens.subarray(this.start, this.start + count);
    targets.set(taken);
    ids[0] = this.previous;
    ids.set(taken.subarray(0, -1), 1);
    this.previous = taken[count - 1]!;
    this.start += count;
  }
}

/** Divides a stream of tokens into documents. */
export class DocumentReader {
  private readonly pieces: Iterator<Int32Array>;
  private piece: Int32Array = new Int32Array(0);
  /** The document whose end has not been read. */
  private open: OpenDocument | undefined;

  constructor(
    pieces: Iterable<Int32Array>,
    private readonly eos: number,
  ) {
    this.pieces = pieces[Symbol.iterator]();
  }

  /** The next document; none at the end of the text, and while the one before has not been read to its end. */
  next(): OpenDocument | undefined {
    if (this.open || !this.hasTokens()) return undefined;
    this.open = new OpenDocument(this.eos);
    const document = this.open;
    this.fill(document, 1);
    return document;
  }

  /** Reads until a document has `least` tokens in memory, or its end is. @returns whether its end is. */
  fill(document: OpenDocument, least: number): boolean {
    if (document !== this.open) return true;
    const most = Math.max(MAX_HELD, least);
    while (document.held < most && this.hasTokens()) {
      const end = this.piece.indexOf(this.eos) + 1;
      const count = Math.min(end || this.piece.length, most - document.held);
      document.add(this.piece.subarray(0, count));
      this.piece = this.piece.subarray(count);
      if (count !== end) continue;
      this.open = undefined;
      return true;
    }
    if (!this.hasTokens()) this.open = undefined;
    return this.open === undefined;
  }

  private hasTokens(): boolean {
    while (this.piece.length === 0) {
      const { done, value } = this.pieces.next();
      if (done) return false;
      this.piece = value;
    }
    return true;
  }
}
