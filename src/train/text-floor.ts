import { BigramCounts } from '../data/collapse.ts';
import type { TokenFile } from '../data/token-file.ts';
import type { Model } from '../runtime/model.ts';
import { firstTokens } from './token-text.ts';

/** Tokens that are looked at: enough for the third decimal, and quick to count. */
export const FLOOR_TOKENS = 8e6;

/**
 * The lowest loss (nats a token) that any token-wise model can have on a text, or on its first `FLOOR_TOKENS` tokens. Null for
 * models that mix tokens, and for texts that are so small that it means nothing.
 */
export function textFloor({ backend, vocab, coupling }: Model, file: TokenFile): number | null {
  if (coupling !== 'row') return null;
  const counts = new BigramCounts(backend, vocab);
  let previous = file.info.eos;
  for (const targets of firstTokens(file, Math.min(file.tokens, FLOOR_TOKENS))) {
    const ids = new Int32Array(targets.length);
    ids[0] = previous;
    ids.set(targets.subarray(0, -1), 1);
    counts.add(ids, targets, targets.length);
    previous = targets.at(-1)!;
  }
  return counts.textFloor();
}
