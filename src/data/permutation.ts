import { Random } from '../core/random.ts';

const ROUNDS = 6;

/**
 * A shuffle of 0 .. size-1 that is computed, not stored: a Feistel network over the next power of four, walked along
 * its cycle until it lands inside (Black and Rogaway 2002). Takes no memory, so any position of any epoch of a corpus
 * of any size is found at once. `size` is at most 2^52.
 */
export class Permutation {
  readonly size: number;
  /** The network works on numbers below half * half. */
  private readonly half: number;
  private readonly keys: readonly number[];

  constructor(size: number, seed: number, stream: string) {
    this.size = size;
    this.half = 2;
    while (this.half * this.half < size) this.half *= 2;
    const random = new Random(seed, stream);
    this.keys = Array.from({ length: ROUNDS }, () => random.uint32());
  }

  /** Where `index` (0 .. size-1) goes. Every number below `size` is the place of exactly one index. */
  at(index: number): number {
    let value = index;
    do {
      value = this.network(value);
    } while (value >= this.size);
    return value;
  }

  private network(value: number): number {
    let left = Math.floor(value / this.half);
    let right = value % this.half;
    for (const key of this.keys) {
      const mixed = (left ^ mix(right, key)) & (this.half - 1);
      left = right;
      right = mixed;
    }
    return left * this.half + right;
  }
}

/** Every bit of the result depends on every bit of both numbers (the finalizer of MurmurHash3). */
function mix(value: number, key: number): number {
  let h = Math.imul(value, 0x9e3779b1) ^ key;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
