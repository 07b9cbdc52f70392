import type { TokenStream } from '../../src/data/batches.ts';

/** A stream of tokens that wraps around, in which token i is the number i. Its documents end at `ends`, the last at its end. */
export function numberStream(tokens: number, ends: readonly number[] = [tokens]): TokenStream {
  const read: TokenStream['read'] = (start, count, out, at = 0) => {
    for (let i = 0; i < count; i++) out[at + i] = (start + i) % tokens;
  };
  const documents: TokenStream['documents'] = function* () {
    for (const [i, end] of ends.entries()) yield { start: ends[i - 1] ?? 0, end };
  };
  return { source: 'numbers', tokens, read, documents, checkUnchanged: () => {} };
}
