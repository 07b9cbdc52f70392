import { BYTE_TO_CHAR } from './byte-alphabet.ts';
import { type Merge, pairKey, pairOf } from './merges.ts';
import type { WordCounts } from './word-counter.ts';

/** What a trainer learned: tokens by id, and the merges in the order of their rank. */
export interface BpeVocabulary {
  readonly tokens: readonly string[];
  readonly merges: readonly Merge[];
}

/** A pair waiting to be merged, and the words (each once) in which it was formed; `count` may be out of date. */
interface Candidate {
  readonly key: number;
  readonly words: WordList;
  count: number;
}

/**
 * Learns a byte-level BPE vocabulary: special tokens first, then the 256 bytes, then one token per merge of the most
 * frequent pair until there are `vocab` tokens or no pair occurs `minFrequency` times. Counting, queueing and ties (the
 * pair of smaller ids first) are those of Hugging Face's `BpeTrainer`, so the merges are the same. The result does
 * not depend on the order of the words.
 */
export function trainBpe(
  words: WordCounts,
  options: { readonly vocab: number; readonly minFrequency: number; readonly specials: readonly string[] },
): BpeVocabulary {
  const tokens = [...options.specials, ...[...BYTE_TO_CHAR].sort()];
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const symbols = new WordSymbols(
    words,
    Int32Array.from(BYTE_TO_CHAR, (char) => idOf.get(char)!),
  );
  const counts = new PairCounts(words.counts);
  const queue = new CandidateHeap();

  for (let word = 0; word < words.counts.length; word++)
    symbols.forEachPair(word, (key) => counts.add(key, 1, word));
  counts.drain(queue);

  // A token's text is always new here: a stretch of text whose ends no merge has crossed is divided the same way
  // wherever it occurs, so it is not joined from two different pairs. For the same reason all places of a pair come up
  // in one drain, the one after the younger of its ids was made, and a pair is in the queue only once.
  const merges: Merge[] = [];
  while (tokens.length < options.vocab && queue.size > 0) {
    const top = queue.pop();
    const count = counts.of(top.key);
    if (top.count !== count) {
      top.count = count;
      if (count > 0) queue.push(top);
      continue;
    }
    if (count < Math.max(1, options.minFrequency)) break;

    const [left, right] = pairOf(top.key);
    const id = tokens.length;
    tokens.push(tokens[left]! + tokens[right]!);
    merges.push([left, right]);
    for (let i = 0; i < top.words.length; i++) {
      const word = top.words.at(i);
      symbols.merge(word, left, right, id, (key, change) => counts.add(key, change, word));
    }
    counts.drain(queue);
  }
  return { tokens, merges };
}

/** The ids each word is made of at the moment; they only become fewer, so each word keeps its place. */
class WordSymbols {
  private readonly ids: Int32Array;
  private readonly starts: Uint32Array;
  private readonly lengths: Uint32Array;

  constructor(words: WordCounts, byteIds: Int32Array) {
    const { arena, offsets, counts } = words;
    // Not by from(), which gathers everything in an ordinary array first.
    this.ids = new Int32Array(arena.length);
    for (let i = 0; i < arena.length; i++) this.ids[i] = byteIds[arena[i]!]!;
    this.starts = offsets;
    this.lengths = new Uint32Array(counts.length);
    for (let word = 0; word < counts.length; word++) this.lengths[word] = offsets[word + 1]! - offsets[word]!;
  }

  forEachPair(word: number, visit: (key: number) => void): void {
    const start = this.starts[word]!;
    const last = start + this.lengths[word]! - 1;
    for (let i = start; i < last; i++) visit(pairKey(this.ids[i]!, this.ids[i + 1]!));
  }

  /** Joins every (left, right) of a word, left to right, and tells which pairs went (-1) and came (+1) by it. */
  merge(
    word: number,
    left: number,
    right: number,
    id: number,
    changed: (key: number, change: number) => void,
  ): void {
    const ids = this.ids;
    const start = this.starts[word]!;
    const end = start + this.lengths[word]!;
    let to = start;
    for (let from = start; from < end; to++) {
      if (ids[from] !== left || from + 1 >= end || ids[from + 1] !== right) {
        ids[to] = ids[from++]!;
        continue;
      }
      from += 2;
      if (to > start) {
        changed(pairKey(ids[to - 1]!, left), -1);
        changed(pairKey(ids[to - 1]!, id), 1);
      }
      if (from < end) {
        changed(pairKey(right, ids[from]!), -1);
        changed(pairKey(id, ids[from]!), 1);
      }
      ids[to] = id;
    }
    this.lengths[word] = to - start;
  }
}

/** How often each pair occurs, and the pairs that came up since the last `drain` with the words they came up in. */
class PairCounts {
  private readonly wordCounts: Float64Array;
  private readonly counts = new Map<number, number>();
  private readonly fresh = new Map<number, WordList>();

  constructor(wordCounts: Float64Array) {
    this.wordCounts = wordCounts;
  }

  of(key: number): number {
    return this.counts.get(key)!;
  }

  /** All changes of one word must come before those of the next. */
  add(key: number, change: number, word: number): void {
    this.counts.set(key, (this.counts.get(key) ?? 0) + change * this.wordCounts[word]!);
    if (change < 0) return;
    let words = this.fresh.get(key);
    if (words === undefined) {
      words = new WordList();
      this.fresh.set(key, words);
    }
    words.add(word);
  }

  drain(queue: CandidateHeap): void {
    for (const [key, words] of this.fresh) {
      const count = this.of(key);
      if (count > 0) queue.push({ key, words, count });
    }
    this.fresh.clear();
  }
}

/** Numbers of words, each once, outside the engine's heap: together the lists are as long as all distinct words. */
class WordList {
  length = 0;
  private items = new Int32Array(4);

  at(index: number): number {
    return this.items[index]!;
  }

  /** Adds a word unless it was the one added last. */
  add(word: number): void {
    if (this.length > 0 && this.items[this.length - 1] === word) return;
    if (this.length === this.items.length) {
      const larger = new Int32Array(2 * this.length);
      larger.set(this.items);
      this.items = larger;
    }
    this.items[this.length++] = word;
  }
}

/** Candidates, the most frequent first, among equals the one of smaller ids. */
class CandidateHeap {
  private readonly items: Candidate[] = [];

  get size(): number {
    return this.items.length;
  }

  push(item: Candidate): void {
    const items = this.items;
    let at = items.length;
    for (; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!precedes(item, items[parent]!)) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = item;
  }

  /** Takes out the first. The heap must not be empty. */
  pop(): Candidate {
    const items = this.items;
    const top = items[0]!;
    const item = items.pop()!;
    if (items.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && precedes(items[child + 1]!, items[child]!)) child++;
      if (!precedes(items[child]!, item)) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = item;
    return top;
  }
}

function precedes(a: Candidate, b: Candidate): boolean {
  return a.count !== b.count ? a.count > b.count : a.key < b.key;
}
