import { describe, expect, it } from 'vitest';
import { computeName, computeOn, FLOAT32, type Precision } from '../../src/core/compute.ts';
import { BigramCounts } from '../../src/data/collapse.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { DenseRows } from '../../src/runtime/rows.ts';
import { trainOn } from '../backends/training.ts';
import { gradients, relativeError } from './batch-gradients.ts';
import { BACKENDS, ISAS, RECIPES, randomTokens } from './models.ts';

/** Backends that do not fall back to float32. */
const rounding = (wanted: Precision) => BACKENDS.filter(([, create]) => create().accelerates.has(wanted));
const COMPUTES = ['bf16', 'int8'] as const;
/** Enough for the loss to fall. */
const STEPS = 8;
/** v6.1 as it is, but for the number of its blocks: the reference would take long. */
const v61 = await loadRecipe('v61', { set: ['model.1.repeat=1'] });

describe.each(COMPUTES)('compute: %s', (wanted) => {
  it.each(rounding(wanted))(
    '%s: the gradient of a v6.1 step is rounded, and by no more than the compute type allows',
    (_, create) => {
      const tokens = 96;
      const { ids, targets } = randomTokens(tokens, 1024, 6);
      const backend = create(2);
      const counts = new BigramCounts(backend, 1024);
      counts.add(ids, targets, tokens);
      const compute = computeOn(backend, wanted);
      const { nats, grads } = gradients(v61, backend, counts.rows(), tokens, { compute });
      const exact = gradients(v61, create(2), counts.rows(), tokens, { compute: FLOAT32 });
      const error = relativeError(grads, exact.grads);
      // Seen: 4e-3 and 1.6e-2 of the whole gradient.
      expect(error).toBeLessThan({ bf16: 1e-2, int8: 3e-2 }[wanted]);
      expect(error).toBeGreaterThan(1e-4);
      expect(Math.abs(nats / exact.nats - 1)).toBeLessThan(1e-3);
    },
  );

  // Both chunks of the sums over rows and a ragged end, on both paths.
  it.each(ISAS)('native:%s: a step has the same bits on 1, 2 and 3 threads', async (isa) => {
    const [, create] = BACKENDS.find(([name]) => name === `native:${isa}`)!;
    for (const [, loading] of RECIPES) {
      const recipe = await loading;
      const tokens = 768;
      const { ids, targets } = randomTokens(tokens, recipe.tokenizer.vocab, 7);
      const rows = new DenseRows(tokens).of(ids, targets, tokens);
      // What the backend is not faster in it computes too, by way of float32.
      const compute = { products: 'bf16', gradients: wanted } as const;
      const [one, ...more] = [1, 2, 3].map((threads) =>
        gradients(recipe, create(threads), rows, tokens, { compute }),
      );
      for (const other of more) {
        expect(other.nats).toBe(one!.nats);
        expect(relativeError(other.grads, one!.grads)).toBe(0);
      }
    }
  });

  it.each(rounding(wanted))(
    '%s: a model learns, collapsed and dense, with other bits than in float32',
    async (_, create) => {
      for (const collapse of ['auto', 'never']) {
        const steps = (compute: string) =>
          loadRecipe('v61-debug', {
            set: [
              `compute=${compute}`,
              `collapse=${collapse}`,
              'optimizer={ type: adamw, lr: 0.01 }',
              'schedule=constant',
            ],
          }).then((recipe) => trainOn(recipe, create(), STEPS));
        const [rounded, exact] = [await steps(wanted), await steps('f32')];
        const losses = rounded.map(({ loss }) => loss);
        expect(rounded[0]).toMatchObject({
          path: collapse === 'auto' ? 'collapsed' : 'dense',
          compute: computeName(computeOn(create(), wanted)),
        });
        expect(exact[0]).toMatchObject({ compute: 'f32' });
        expect(losses.at(-1)!).toBeLessThan(losses[0]! - 0.1);
        expect(losses.at(-1)!).not.toBe(exact.at(-1)!.loss);
        // Later each run goes its own way: a code that falls on the other side of a threshold moves others.
        for (const i of [0, 1, 2, 3]) expect(losses[i]!).toBeCloseTo(exact[i]!.loss, 1);
      }
    },
  );
});
