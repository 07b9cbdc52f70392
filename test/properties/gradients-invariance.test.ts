import { describe, expect, it } from 'vitest';
import { BigramCounts } from '../../src/data/collapse.ts';
import type { Recipe } from '../../src/recipes/load.ts';
import { DenseRows } from '../../src/runtime/rows.ts';
import { effort } from '../effort.ts';
import { gradients, relativeError } from './batch-gradients.ts';
import { BACKENDS, ISAS, RECIPES, randomTokens } from './models.ts';

const TOKENS = 2048;

describe.each(RECIPES)('%s', (_, loading) => {
  it.each(ISAS)(
    'native:%s: gradients have the same bits for every block size and number of threads',
    async (isa) => {
      const recipe = await loading;
      const [, create] = BACKENDS.find(([name]) => name === `native:${isa}`)!;
      const { ids, targets } = randomTokens(TOKENS, vocabOf(recipe), 1);
      const rows = new DenseRows(TOKENS).of(ids, targets, TOKENS);
      const expected = gradients(recipe, create(1), rows, TOKENS, { blockRows: 256 });
      for (const [threads, blockRows] of [
        [1, 2048],
        [2, 256],
        [2, 768],
        [3, 1024],
        [2, 'auto'],
        [5, 'auto'],
      ] as const) {
        const found = gradients(recipe, create(threads), rows, TOKENS, { blockRows });
        expect(found.nats, `${threads} threads, blocks of ${blockRows}`).toBe(expected.nats);
        expect(relativeError(found.grads, expected.grads), `${threads} threads, blocks of ${blockRows}`).toBe(
          0,
        );
      }
    },
  );

  /** The reference's, computed once: it is slow. */
  let expected: ReturnType<typeof gradients> | undefined;

  it.each(BACKENDS)('%s: gradients agree with the reference', async (_name, create) => {
    const recipe = await loading;
    const { ids, targets } = randomTokens(TOKENS, vocabOf(recipe), 2);
    const rows = new DenseRows(TOKENS).of(ids, targets, TOKENS);
    expected ??= gradients(recipe, BACKENDS[0]![1](), rows, TOKENS, { blockRows: 512 });
    const found = gradients(recipe, create(2), rows, TOKENS, { blockRows: 512 });
    expect(found.nats / expected.nats).toBeCloseTo(1, 6);
    // An activation at a quantiser's threshold may fall on its other side; nothing else may differ so much.
    expect(relativeError(found.grads, expected.grads)).toBeLessThan(1e-3);
  });
});

describe('collapse', () => {
  it.each(BACKENDS)(
    '%s: a collapsed step has the loss and gradients of a dense step',
    async (_name, create) => {
      const recipe = await RECIPES[0]![1];
      const vocab = vocabOf(recipe);
      for (const seed of effort([3], [3, 4, 5])) {
        const { ids, targets } = randomTokens(TOKENS, vocab, seed);
        const counts = new BigramCounts(create(2), vocab);
        counts.add(ids, targets, TOKENS);
        const dense = gradients(recipe, create(2), new DenseRows(TOKENS).of(ids, targets, TOKENS), TOKENS);
        const collapsed = gradients(recipe, create(2), counts.rows(), TOKENS, { blockRows: 256 });
        expect(counts.rows().count).toBeLessThan(TOKENS);
        expect(Math.abs(collapsed.nats / dense.nats - 1)).toBeLessThan(1e-5);
        expect(relativeError(collapsed.grads, dense.grads)).toBeLessThan(1e-4);
        expect(dense.nats / TOKENS).toBeGreaterThan(counts.floor());
      }
    },
  );
});

function vocabOf(recipe: Recipe): number {
  return (recipe.tokenizer as { vocab: number }).vocab;
}
