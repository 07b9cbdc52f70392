import type { Chunk } from './chunk-builder.ts';
import { Tokenizer } from './tokenizer/tokenizer.ts';
import { WordCounter, type WordCounts } from './tokenizer/word-counter.ts';
import { countCodePoints } from './utf8.ts';

/**
 * What is asked of a worker: count a chunk's words; hand over the counts so far and forget them; take a tokenizer.json;
 * encode a chunk with it.
 */
export type Job =
  | { readonly type: 'count'; readonly chunk: Chunk }
  | { readonly type: 'counts' }
  | { readonly type: 'tokenizer'; readonly json: unknown }
  | { readonly type: 'encode'; readonly chunk: Chunk };

type StoredIds = Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** A chunk as it goes into a token file. */
export interface EncodedChunk {
  /** Ids, each document followed by the end-of-document id; 16 bits each where the vocabulary allows. */
  readonly ids: StoredIds;
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

/** Does jobs, in whatever thread it lives. */
export class JobRunner {
  private tokenizer?: Tokenizer;
  private counter = new WordCounter();
  /** Where ids are written before their number is known; kept, since a collector is late to see such memory. */
  private room: StoredIds = new Uint16Array(0);

  run(job: Job): EncodedChunk | WordCounts | undefined {
    if (job.type === 'encode') return this.encode(job.chunk, this.tokenizer!);
    if (job.type === 'counts') return this.takeCounts();
    if (job.type === 'count') this.counter.addChunk(job.chunk);
    else this.tokenizer = Tokenizer.fromJSON(job.json, 'worker');
    return undefined;
  }

  private takeCounts(): WordCounts {
    const counts = this.counter.result();
    this.counter = new WordCounter();
    return counts;
  }

  private encode({ bytes, ends }: Chunk, tokenizer: Tokenizer): EncodedChunk {
    const out = this.roomFor(bytes.length + ends.length, tokenizer);
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

  private roomFor(count: number, { vocabSize }: Tokenizer): StoredIds {
    const Ids = vocabSize > MAX_16_BIT_VOCAB ? Uint32Array : Uint16Array;
    if (this.room.length < count || !(this.room instanceof Ids)) this.room = new Ids(count);
    return this.room;
  }
}
