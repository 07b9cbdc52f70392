/** The text that an evaluation covers: documents one after the other, of which the last may be cut. */
export interface EvaluationText {
  readonly split: string;
  /** Token of the end of a document; it also comes before each document's first token. */
  readonly eos: number;
  /** Token ids in pieces of any size, each document's end-of-document token included. Good until the next is asked for. */
  tokens(): Iterable<Int32Array>;
  /** Number of all token ids. */
  readonly count: number;
  /** Unicode code points and UTF-8 bytes of the documents' text. */
  readonly characters: number;
  readonly bytes: number;
}

/** The loss of the tokens `from` to `to` of all documents that are that long; a document's first token is token 1. */
export interface PositionLoss {
  readonly from: number;
  readonly to: number;
  readonly tokens: number;
  /** Nats a token. */
  readonly loss: number;
}

export interface Score {
  readonly nats: number;
  readonly tokens: number;
  readonly floor: number | null;
  /** Of the tokens at each place of their documents, where tokens were scored one by one. */
  readonly positions?: readonly PositionLoss[];
  /** Tokens that were scored without the beginning of their document. */
  readonly cut?: number;
}

/** Stops after each piece, with the share of the work that is done. */
export type Scorer = (text: EvaluationText) => Generator<number, Score>;
