import type { PositionLoss } from './scorer.ts';

/** Nats of the tokens of documents, in the text's order: their sum, and by place in the document. */
export class DocumentSum {
  total = 0;
  tokens = 0;
  /** Of the document's next token, from 1. */
  private place = 1;
  /** By the place's number of binary digits: 1, 2 and 3, 4 to 7 ... */
  private readonly nats: number[] = [];
  private readonly counts: number[] = [];

  beginDocument(): void {
    this.place = 1;
  }

  add(nats: ArrayLike<number>): void {
    for (let i = 0; i < nats.length; i++) {
      const bin = Math.floor(Math.log2(this.place++));
      this.total += nats[i]!;
      this.nats[bin] = (this.nats[bin] ?? 0) + nats[i]!;
      this.counts[bin] = (this.counts[bin] ?? 0) + 1;
    }
    this.tokens += nats.length;
  }

  get positions(): PositionLoss[] {
    return this.counts.map((tokens, bin) => ({
      from: 2 ** bin,
      to: 2 ** (bin + 1) - 1,
      tokens,
      loss: this.nats[bin]! / tokens,
    }));
  }
}
