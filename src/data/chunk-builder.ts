import { LOOK_AHEAD_BYTES, wordEnd } from './tokenizer/pre-tokenizer.ts';

/**
 * A run of consecutive text, in valid UTF-8, on its way to being counted or encoded. `ends[i]` is where document i
 * ends in `bytes`; whatever follows the last end belongs to a document that continues in the next chunk.
 */
export interface Chunk {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly ends: Uint32Array<ArrayBuffer>;
}

const NEWLINE = 0x0a;

/**
 * Collects documents into chunks of about `target` bytes. A chunk ends where a document ends, except inside a
 * document longer than that: it is cut where a word of the pre-tokenizer begins, so the pieces encode to the same
 * tokens as the whole and memory stays flat however long the document is.
 */
export class ChunkBuilder {
  /** Non-empty documents ended so far. */
  documents = 0;
  /** Those of them that are kept. */
  kept = 0;

  private readonly target: number;
  private readonly keeps: (document: number) => boolean;
  private buffer: Buffer;
  private length = 0;
  private ends: number[] = [];
  private documentStart = 0;
  /** Whether the open document is kept; undefined until it has text. */
  private keeping: boolean | undefined;
  /** The open document has no blank to cut at before this byte: what was searched once is not searched again. */
  private searched = 0;
  /** The open document's first word may be longer than this: it is looked at when this much is there. */
  private patience = 0;
  private ready: Chunk[] = [];

  /** `keeps` is asked of each document with text, in order from 0 on; the text of others is dropped. */
  constructor(target: number, keeps: (document: number) => boolean = () => true) {
    this.target = target;
    this.keeps = keeps;
    this.buffer = Buffer.allocUnsafe(4 * target);
  }

  /** Adds text to the open document; with `trim`, newlines before its first other character are dropped. */
  append(bytes: Uint8Array, trim: boolean): void {
    let from = 0;
    if (trim && this.keeping === undefined) while (bytes[from] === NEWLINE) from++;
    if (from < bytes.length) this.keeping ??= this.keeps(this.documents);
    if (!this.keeping) return;
    for (; from < bytes.length; from += this.target) {
      this.appendSlice(bytes.subarray(from, from + this.target));
    }
  }

  /** Ends the open document; with `trim`, its last newlines are dropped. An empty document does not count. */
  endDocument(trim: boolean): void {
    if (this.keeping === undefined) return;
    this.documents++;
    if (this.keeping) {
      if (trim)
        while (this.length > this.documentStart && this.buffer[this.length - 1] === NEWLINE) this.length--;
      this.ends.push(this.length);
      this.kept++;
    }
    this.documentStart = this.length;
    this.searched = this.length;
    this.patience = 0;
    this.keeping = undefined;
    if (this.length >= this.target) this.emit(this.length);
  }

  /** The chunks that are full; with `last`, also the one that is not. */
  drain(last: boolean): Chunk[] {
    if (last && this.ends.length > 0) this.emit(this.length);
    const chunks = this.ready;
    this.ready = [];
    return chunks;
  }

  private appendSlice(slice: Uint8Array): void {
    if (this.length + slice.length > this.buffer.length) {
      const larger = Buffer.allocUnsafe(2 * (this.length + slice.length));
      this.buffer.copy(larger, 0, 0, this.length);
      this.buffer = larger;
    }
    this.buffer.set(slice, this.length);
    this.length += slice.length;
    if (this.length < 2 * this.target) return;
    const cut = this.lastBlank() ?? this.lastWord();
    if (cut === undefined) return;
    this.emit(cut);
  }

  /**
   * The last blank of the open document that follows a visible ASCII character. There a word always begins, whatever
   * was before; most texts have one, and it is found at once.
   */
  private lastBlank(): number | undefined {
    for (let at = this.length - 1; at > Math.max(this.searched, this.documentStart); at--) {
      const before = this.buffer[at - 1]!;
      const byte = this.buffer[at]!;
      if (before > 0x20 && before < 0x7f && (byte === 0x20 || byte === NEWLINE)) return at;
    }
    this.searched = this.length - 1;
    return undefined;
  }

  /** Where the last word begins that bytes still to come can't change. The buffer begins where a word does. */
  private lastWord(): number | undefined {
    if (this.length < this.patience) return undefined;
    let at = this.documentStart;
    for (;;) {
      const next = wordEnd(this.buffer, at, this.length);
      if (next + LOOK_AHEAD_BYTES > this.length) break;
      at = next;
    }
    if (at > this.documentStart) return at;
    this.patience = 2 * this.length;
    return undefined;
  }

  private emit(end: number): void {
    this.ready.push({
      bytes: new Uint8Array(this.buffer.subarray(0, end)),
      ends: Uint32Array.from(this.ends),
    });
    this.buffer.copyWithin(0, end, this.length);
    this.length -= end;
    this.ends = [];
    this.documentStart = 0;
    this.searched = 0;
    this.patience = 0;
  }
}
