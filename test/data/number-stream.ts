import type { TokenStream } from '../../src/data/batches.ts';

/** A stream of tokens that wraps around, in which token i is the number i. */
export function numberStream(tokens: number): TokenStream {
  const read: TokenStream['read'] = (start, count, out, at = 0) => {
    for (let i = 0; i < count; i++) out[at + i] = (start + i) % tokens;
  };
  return { source: 'numbers', tokens, read, checkUnchanged: () => {} };
}
