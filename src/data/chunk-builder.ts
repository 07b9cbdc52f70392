import { FlashError } from '../core/errors.ts';
import { formatBytes } from '../core/files.ts';

/**
 * A run of consecutive text, in valid UTF-8, on its way to being counted or encoded. `ends[i]` is where document i
 * ends in `bytes`; whatever follows the last end belongs to a document that goes on in the next chunk.
 */
export interface Chunk {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly ends: Uint32Array<ArrayBuffer>;
}

const NEWLINE = 0x0a;

/**
 * Collects documents into chunks of about `target` bytes. A chunk ends where a document ends, except inside a
 * document longer than that: it is cut before a blank that follows a visible ASCII character. There a word always
 * begins and nothing before the cut depends on what follows it, so the pieces encode to the same tokens as the whole
 * and memory stays flat however long the document is.
 */
export class ChunkBuilder {
  /** Non-empty documents ended so far. */
  documents = 0;

  private readonly target: number;
  private buffer: Buffer;
  private length = 0;
  private ends: number[] = [];
  private documentStart = 0;
  /** The open document has text in chunks that have gone out. */
  private continued = false;
  /** The open document has no place to cut before this byte: what was searched once is not searched again. */
  private searched = 0;
  private ready: Chunk[] = [];

  constructor(target: number) {
    this.target = target;
    this.buffer = Buffer.allocUnsafe(4 * target);
  }

  /** Adds text to the open document; with `trim`, newlines before its first other character are dropped. */
  append(bytes: Uint8Array, trim: boolean): void {
    let from = 0;
    if (trim && this.length === this.documentStart && !this.continued) while (bytes[from] === NEWLINE) from++;
    for (; from < bytes.length; from += this.target) {
      this.appendSlice(bytes.subarray(from, from + this.target));
    }
  }

  /** Ends the open document; with `trim`, its last newlines are dropped. An empty document is no document. */
  endDocument(trim: boolean): void {
    if (trim)
      while (this.length > this.documentStart && this.buffer[this.length - 1] === NEWLINE) this.length--;
    if (this.length > this.documentStart || this.continued) {
      this.ends.push(this.length);
      this.documents++;
    }
    this.documentStart = this.length;
    this.searched = this.length;
    this.continued = false;
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
      const larger = allocate(2 * (this.length + slice.length));
      this.buffer.copy(larger, 0, 0, this.length);
      this.buffer = larger;
    }
    this.buffer.set(slice, this.length);
    this.length += slice.length;
    if (this.length < 2 * this.target) return;
    const cut = this.lastCut();
    if (cut < 0) return;
    this.emit(cut);
    this.continued = true;
  }

  private lastCut(): number {
    for (let at = this.length - 1; at > Math.max(this.searched, this.documentStart); at--) {
      const before = this.buffer[at - 1]!;
      const byte = this.buffer[at]!;
      if (before > 0x20 && before < 0x7f && (byte === 0x20 || byte === NEWLINE)) return at;
    }
    this.searched = this.length - 1;
    return -1;
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
  }
}

function allocate(bytes: number): Buffer {
  try {
    return Buffer.allocUnsafe(bytes);
  } catch (cause) {
    throw new FlashError(`No memory for ${formatBytes(bytes)} of one document with no place to cut it`, {
      remedy: 'Divide it: a document is cut before a blank that follows a visible ASCII character.',
      cause,
    });
  }
}
