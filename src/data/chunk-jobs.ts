import type { Chunk } from './chunk-builder.ts';
import type { IdArray } from './tokenizer/bpe-encoder.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';
import { WordCounter, type WordCounts } from './tokenizer/word-counter.ts';
import { countCodePoints } from './utf8.ts';

/** What is asked of a worker: count a chunk's words; hand over the counts so far; encode a chunk. */
export type Job =
  | { readonly type: 'count'; readonly chunk: Chunk }
  | { readonly type: 'counts' }
  | { readonly type: 'encode'; readonly chunk: Chunk };

/** A chunk as it goes into a token file. */
export interface EncodedChunk {
  /** Ids, each document followed by the end-of-document id; 16 bits each where the vocabulary allows. */
  readonly ids: Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
  readonly documents: number;
  /** Unicode code points of the text. */
  readonly characters: number;
  /** UTF-8 bytes of the text. */
  readonly bytes: number;
}

export type JobResult<J extends Job> = J extends { type: 'encode' }
  ? EncodedChunk
  : J extends { type: 'counts' }
    ? WordCounts
    : undefined;

/** Vocabularies up to this many ids are stored in 16 bits. */
export const MAX_16_BIT_VOCAB = 2 ** 16;

/** Does jobs, in whatever thread it lives. Without a tokenizer it can only count. */
export class JobRunner {
  private readonly tokenizer?: Tokenizer;
  private readonly counter = new WordCounter();

  constructor(tokenizer?: Tokenizer) {
    this.tokenizer = tokenizer;
  }

  run(job: Job): EncodedChunk | WordCounts | undefined {
    if (job.type === 'encode') return encodeChunk(this.tokenizer!, job.chunk);
    if (job.type === 'counts') return this.counter.result();
    this.counter.addChunk(job.chunk);
    return undefined;
  }
}

function encodeChunk(tokenizer: Tokenizer, { bytes, ends }: Chunk): EncodedChunk {
  const room = bytes.length + ends.length;
  const out: IdArray = tokenizer.vocabSize > MAX_16_BIT_VOCAB ? new Uint32Array(room) : new Uint16Array(room);
  let count = 0;
  let start = 0;
  for (const end of ends) {
    count = tokenizer.encodeUtf8(bytes, start, end, out, count);
    out[count++] = tokenizer.eos;
    start = end;
  }
  count = tokenizer.encodeUtf8(bytes, start, bytes.length, out, count);
  return {
    ids: out.slice(0, count),
    documents: ends.length,
    characters: countCodePoints(bytes),
    bytes: bytes.length,
  };
}
