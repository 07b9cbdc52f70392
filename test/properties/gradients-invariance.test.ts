import { describe, expect, it } from 'vitest';
import type { Backend } from '../../src/core/backend.ts';
import { BatchRunner } from '../../src/core/batch-runner.ts';
import { DenseRows, type Rows } from '../../src/core/rows.ts';
import { BigramCounts } from '../../src/data/collapse.ts';
import type { Recipe } from '../../src/recipes/load.ts';
import { BACKENDS, ISAS, modelOf, RECIPES, randomTokens } from './models.ts';

const TOKENS = 2048;

/** Loss and all gradients of one batch. */
function gradients(recipe: Recipe, backend: Backend, rows: Rows, blockRows: number | 'auto') {
  const model = modelOf(recipe, backend);
  model.prepare();
  const runner = new BatchRunner(model, {
    seqLen: recipe.data.seq_len,
    blockRows,
    maxRows: TOKENS,
    maxEntries: TOKENS,
    training: true,
  });
  const nats = runner.train(rows, 1 / TOKENS);
  return { nats, grads: model.store.grads.data };
}

function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    size += b[i]! ** 2;
  }
  return Math.sqrt(difference / size);
}

describe.each(RECIPES)('%s', (_, loading) => {
  it.each(ISAS)('native:%s: the same bits for every block size and number of threads', async (isa) => {
    const recipe = await loading;
    const [, create] = BACKENDS.find(([name]) => name === `native:${isa}`)!;
    const { ids, targets } = randomTokens(TOKENS, vocabOf(recipe), 1);
    const rows = new DenseRows(TOKENS).of(ids, targets, TOKENS);
    const expected = gradients(recipe, create(1), rows, 256);
    for (const [threads, blockRows] of [
      [1, 2048],
      [2, 256],
      [2, 768],
      [3, 1024],
      [2, 'auto'],
      [5, 'auto'],
    ] as const) {
      const found = gradients(recipe, create(threads), rows, blockRows);
      expect(found.nats, `${threads} threads, blocks of ${blockRows}`).toBe(expected.nats);
      expect(relativeError(found.grads, expected.grads), `${threads} threads, blocks of ${blockRows}`).toBe(
        0,
      );
    }
  });

  it.each(BACKENDS)('%s: agrees with the reference', async (_name, create) => {
    const recipe = await loading;
    const { ids, targets } = randomTokens(TOKENS, vocabOf(recipe), 2);
    const rows = new DenseRows(TOKENS).of(ids, targets, TOKENS);
    const expected = gradients(recipe, BACKENDS[0]![1](), rows, 512);
    const found = gradients(recipe, create(2), rows, 512);
    expect(found.nats / expected.nats).toBeCloseTo(1, 6);
    // An activation at a quantiser's threshold may fall on its other side; nothing else may differ so much.
    expect(relativeError(found.grads, expected.grads)).toBeLessThan(1e-3);
  });
});

describe('collapse', () => {
  it.each(BACKENDS)('%s: the same loss and gradients as every token computed', async (_name, create) => {
    const recipe = await RECIPES[0]![1];
    const vocab = vocabOf(recipe);
    for (const seed of [3, 4, 5]) {
      const { ids, targets } = randomTokens(TOKENS, vocab, seed);
      const counts = new BigramCounts(create(2), vocab);
      counts.add(ids, targets, TOKENS);
      const dense = gradients(recipe, create(2), new DenseRows(TOKENS).of(ids, targets, TOKENS), 'auto');
      const collapsed = gradients(recipe, create(2), counts.rows(), 256);
      expect(counts.rows().count).toBeLessThan(TOKENS);
      expect(Math.abs(collapsed.nats / dense.nats - 1)).toBeLessThan(1e-5);
      expect(relativeError(collapsed.grads, dense.grads)).toBeLessThan(1e-4);
      expect(dense.nats / TOKENS).toBeGreaterThan(counts.floor());
    }
  });
});

function vocabOf(recipe: Recipe): number {
  return (recipe.tokenizer as { vocab: number }).vocab;
}
