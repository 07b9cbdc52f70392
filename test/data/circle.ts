import type { TokenStream } from '../../src/data/batches.ts';

/** A circle of tokens in which token i is the number i. */
export function circle(tokens: number): TokenStream {
  const read: TokenStream['read'] = (start, count, out, at = 0) => {
    for (let i = 0; i < count; i++) out[at + i] = (start + i) % tokens;
  };
  return { source: 'circle', tokens, read, checkUnchanged: () => {} };
}
