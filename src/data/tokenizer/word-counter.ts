import { FlashError } from '../../core/errors.ts';
import { formatBytes } from '../../core/format-bytes.ts';
import type { Chunk } from '../chunk-builder.ts';
import { ByteTable } from './byte-table.ts';
import { wordEnd } from './pre-tokenizer.ts';

/** Distinct words and how often each occurs: word i is `arena[offsets[i] .. offsets[i + 1]]`. */
export interface WordCounts {
  readonly arena: Uint8Array<ArrayBuffer>;
  /** One more than there are words. */
  readonly offsets: Uint32Array<ArrayBuffer>;
  readonly counts: Float64Array<ArrayBuffer>;
}

/** More distinct text than this is not language, and the trainer needs about 20 times as much memory. */
const MAX_DISTINCT_BYTES = 2 ** 27;

/** Counts the words (pre-tokens) of a corpus: all that the trainer needs to know of it. */
export class WordCounter {
  private readonly words = new ByteTable();
  private counts = new Float64Array(1 << 12);

  /** Counts the words of every document of a chunk. */
  addChunk({ bytes, ends }: Chunk): void {
    let at = 0;
    for (const end of ends) at = this.addText(bytes, at, end);
    this.addText(bytes, at, bytes.length);
  }

  /** Adds the counts that another counter made. */
  addCounts({ arena, offsets, counts }: WordCounts): void {
    for (let i = 0; i < counts.length; i++) this.add(arena, offsets[i]!, offsets[i + 1]!, counts[i]!);
  }

  /** A copy of the counts so far. */
  result(): WordCounts {
    const { arena, offsets, size, bytes } = this.words;
    return {
      arena: arena.slice(0, bytes),
      offsets: offsets.slice(0, size + 1),
      counts: this.counts.slice(0, size),
    };
  }

  private addText(bytes: Uint8Array, start: number, end: number): number {
    for (let at = start; at < end; ) {
      const next = wordEnd(bytes, at, end);
      this.add(bytes, at, next, 1);
      at = next;
    }
    return end;
  }

  private add(bytes: Uint8Array, start: number, end: number, count: number): void {
    const word = this.words.intern(bytes, start, end);
    if (word === this.counts.length) {
      const larger = new Float64Array(2 * word);
      larger.set(this.counts);
      this.counts = larger;
    }
    this.counts[word]! += count;
    if (this.words.bytes > MAX_DISTINCT_BYTES) {
      throw new FlashError(
        `The distinct words of the data take more than ${formatBytes(MAX_DISTINCT_BYTES)}`,
        {
          remedy: 'Train the tokenizer on a part of the data, then give its tokenizer.json as the tokenizer.',
        },
      );
    }
  }
}
