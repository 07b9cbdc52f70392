import type { BatchSource } from '../../src/data/batches.ts';
import { numberStream } from './number-stream.ts';

const [SEQ_LEN, BATCH] = [4, 2];
const EPOCHS = 3;

/** The ids of the first epochs on this many tokens, epoch by epoch. */
function epochsOf(Source: typeof BatchSource, tokens: number, seed: number): number[][] {
  const source = new Source(numberStream(tokens), { seqLen: SEQ_LEN, batch: BATCH, order: 'shuffled', seed });
  const ids = new Int32Array(source.positions);
  const stream: number[] = [];
  for (let step = 0; stream.length < EPOCHS * tokens; step++) {
    source.fill(step, ids, ids.slice());
    stream.push(...ids);
  }
  return Array.from({ length: EPOCHS }, (_, e) => stream.slice(e * tokens, (e + 1) * tokens));
}

/** Throws unless each shuffled epoch takes every token once, in an order that follows from the seed and the epoch. */
export function expectEpochs(Source: typeof BatchSource): void {
  for (const tokens of [5, 7, 8, 13, 64, 66, 67]) {
    for (const [e, ids] of epochsOf(Source, tokens, 1).entries()) {
      const seen = new Set(ids).size;
      if (seen !== tokens) throw new Error(`epoch ${e} has ${seen} of ${tokens} tokens`);
    }
  }
  const orders = (seed: number): string[] => epochsOf(Source, 64, seed).map(String);
  const [first, second, again] = [orders(1), orders(2), orders(1)];
  if (new Set([...first, ...second]).size !== 2 * EPOCHS)
    throw new Error('two epochs or seeds have the same order');
  if (String(again) !== String(first)) throw new Error('an order does not follow from its seed');
}
