import { describe, expect, it } from 'vitest';
import { BACKENDS, modelOf, RECIPES, randomTokens } from './models.ts';
import { allAtOnce, oneByOne } from './sequences.ts';

const LENGTH = 32;

describe.each(RECIPES)('%s', (_, loading) => {
  describe.each(BACKENDS)('%s', (_name, create) => {
    it('gives the same logits token by token as at once, to the bit', async () => {
      const model = modelOf(await loading, create(2));
      model.prepare();
      const { ids } = randomTokens(LENGTH, model.vocab, 11);
      expect(oneByOne(model, ids)).toEqual(allAtOnce(model, ids));
    });

    it('is causal: a token changes no logits before it, and its own', async () => {
      const model = modelOf(await loading, create(2));
      model.prepare();
      const { ids } = randomTokens(LENGTH, model.vocab, 12);
      const before = allAtOnce(model, ids);
      const t = 17;
      ids[t] = (ids[t]! + 1) % model.vocab;
      const after = allAtOnce(model, ids);
      expect(after.slice(0, t)).toEqual(before.slice(0, t));
      expect(after[t]).not.toEqual(before[t]);
    });
  });
});
