import { ByteTable, grown } from './byte-table.ts';
import { MAX_VOCAB, type Merge, pairKey } from './merges.ts';
import { NumberHeap } from './number-heap.ts';
import { wordEnd } from './pre-tokenizer.ts';

/** Words longer than this are rare and are not remembered. */
const MAX_CACHED_WORD = 256;
const MAX_CACHED_WORDS = 1 << 17;
const MAX_CACHED_BYTES = 1 << 22;
/** Scratch for words up to this many bytes is kept; that for the rare longer word is given back. */
const KEPT_SCRATCH = 1 << 16;
const POSITIONS = 2 ** 32;

/** An array that ids are written to. */
export type IdArray = Uint16Array | Uint32Array | Int32Array;

/**
 * Byte-level BPE: splits text into words, and in each word joins the adjacent pair of lowest rank, leftmost first,
 * until no pair is a merge (Sennrich et al. 2016). Remembers the ids of words in a cache of bounded size.
 */
export class BpeEncoder {
  private readonly byteIds: Int32Array;
  /** By pair key: rank * MAX_VOCAB + the id that the pair becomes. */
  private readonly merges = new Map<number, number>();

  private readonly words = new ByteTable();
  /** Ids of remembered word i: `wordIds[wordEnds[i - 1] .. wordEnds[i]]`. A word has no more ids than bytes. */
  private wordIds = new Int32Array(1 << 12);
  private wordEnds = new Int32Array(1 << 10);

  private scratch = new Scratch(256);
  private queue = new NumberHeap();

  /**
   * `byteIds`: the id of each of the 256 bytes; `merges` in the order of their rank, each with the id it makes.
   */
  constructor(byteIds: Int32Array, merges: readonly Merge[], mergedIds: readonly number[]) {
    this.byteIds = byteIds;
    merges.forEach(([left, right], rank) => {
      this.merges.set(pairKey(left, right), rank * MAX_VOCAB + mergedIds[rank]!);
    });
  }

  /**
   * Encodes `bytes[start .. end]`, valid UTF-8, to `out` from `at` on and returns where it stopped writing. There
   * are at most as many ids as bytes: `out` must have room for them.
   */
  encode(bytes: Uint8Array, start: number, end: number, out: IdArray, at: number): number {
    let to = at;
    for (let from = start; from < end; ) {
      const next = wordEnd(bytes, from, end);
      to =
        next - from > MAX_CACHED_WORD
          ? this.merge(bytes, from, next, out, to)
          : this.look(bytes, from, next, out, to);
      from = next;
    }
    return to;
  }

  private look(bytes: Uint8Array, start: number, end: number, out: IdArray, at: number): number {
    if (this.words.size === MAX_CACHED_WORDS || this.words.bytes > MAX_CACHED_BYTES) this.words.clear();
    const known = this.words.size;
    const word = this.words.intern(bytes, start, end);
    const first = word === 0 ? 0 : this.wordEnds[word - 1]!;
    if (word === known) {
      const needed = first + end - start;
      if (needed > this.wordIds.length) this.wordIds = grown(this.wordIds, new Int32Array(2 * needed));
      if (word === this.wordEnds.length) this.wordEnds = grown(this.wordEnds, new Int32Array(2 * word));
      this.wordEnds[word] = this.merge(bytes, start, end, this.wordIds, first);
    }
    const last = this.wordEnds[word]!;
    let to = at;
    for (let i = first; i < last; i++) out[to++] = this.wordIds[i]!;
    return to;
  }

  /**
   * Merges with a linked list and a queue ordered by (rank, position), so that a word of n bytes takes
   * O(n log n): words of a megabyte occur.
   */
  private merge(bytes: Uint8Array, start: number, end: number, out: IdArray, at: number): number {
    const length = end - start;
    if (this.scratch.size < length) this.scratch = new Scratch(length > KEPT_SCRATCH ? length : 2 * length);
    const { ids, previous, next } = this.scratch;
    for (let i = 0; i < length; i++) {
      ids[i] = this.byteIds[bytes[start + i]!]!;
      previous[i] = i - 1;
      next[i] = i + 1;
    }
    for (let i = 0; i + 1 < length; i++) this.offer(ids[i]!, ids[i + 1]!, i);

    while (!this.queue.isEmpty) {
      const top = this.queue.pop();
      const left = top % POSITIONS;
      const right = next[left]!;
      if (ids[left]! < 0 || right >= length) continue;
      const merge = this.merges.get(pairKey(ids[left]!, ids[right]!));
      // Entries are not taken out when a neighbour changes: one whose pair is gone is skipped here.
      if (merge === undefined || Math.floor(merge / MAX_VOCAB) !== (top - left) / POSITIONS) continue;
      ids[left] = merge % MAX_VOCAB;
      ids[right] = -1;
      const after = next[right]!;
      next[left] = after;
      if (after < length) {
        previous[after] = left;
        this.offer(ids[left]!, ids[after]!, left);
      }
      const before = previous[left]!;
      if (before >= 0) this.offer(ids[before]!, ids[left]!, before);
    }

    let to = at;
    for (let i = 0; i < length; i = next[i]!) out[to++] = ids[i]!;
    if (length > KEPT_SCRATCH) {
      this.scratch = new Scratch(256);
      this.queue = new NumberHeap();
    }
    return to;
  }

  private offer(left: number, right: number, position: number): void {
    const merge = this.merges.get(pairKey(left, right));
    if (merge !== undefined) this.queue.push(Math.floor(merge / MAX_VOCAB) * POSITIONS + position);
  }
}

/** A word's symbols as a doubly linked list; a symbol merged into its left neighbour has id -1. */
class Scratch {
  readonly size: number;
  readonly ids: Int32Array;
  readonly previous: Int32Array;
  readonly next: Int32Array;

  constructor(size: number) {
    this.size = size;
    this.ids = new Int32Array(size);
    this.previous = new Int32Array(size);
    this.next = new Int32Array(size);
  }
}
