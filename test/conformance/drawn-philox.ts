// Philox 4x32-10 written from Salmon et al. 2011 ("Parallel random numbers: as easy as 1, 2, 3", section 3.3) with big
// integers, and from the contract of dropout which number an element has. Nothing here is imported from src.

const WORD = 0xffffffffn;
const [M0, M1] = [0xd2511f53n, 0xcd9e8d57n];
/** The golden ratio and the square root of 3 less 1, in 32 bits: the Weyl sequences of the key. */
const [W0, W1] = [0x9e3779b9n, 0xbb67ae85n];

/** Four words of a block of four words, under a key of two. */
export function philoxOf(counter: readonly bigint[], key: readonly bigint[]): bigint[] {
  let [l0, r0, l1, r1] = counter as [bigint, bigint, bigint, bigint];
  let [k0, k1] = key as [bigint, bigint];
  for (let round = 0; round < 10; round++) {
    const [p0, p1] = [M0 * l0, M1 * l1];
    [l0, r0, l1, r1] = [(p1 >> 32n) ^ r0 ^ k0, p1 & WORD, (p0 >> 32n) ^ r1 ^ k1, p0 & WORD];
    [k0, k1] = [(k0 + W0) & WORD, (k1 + W1) & WORD];
  }
  return [l0, r0, l1, r1];
}

export interface Draw {
  readonly rate: number;
  readonly seed: number;
  readonly step: number;
  readonly stream: number;
}

/**
 * Whether dropout keeps an element: its random number is at least the rate's share of 2^32. Of each 64 elements, 16 blocks serve
 * every 16th: element e has word (e mod 64) / 16 of block 16 (e / 64) + e mod 16.
 */
export function isKept(element: number, { rate, seed, step, stream }: Draw): boolean {
  const e = BigInt(element);
  const block = (e / 64n) * 16n + (e % 16n);
  const counter = [block & WORD, block >> 32n, BigInt(step), BigInt(stream)];
  const words = philoxOf(counter, [BigInt(seed) & WORD, BigInt(seed) >> 32n]);
  return words[Number((e % 64n) / 16n)]! >= BigInt(Math.floor(rate * 2 ** 32));
}
