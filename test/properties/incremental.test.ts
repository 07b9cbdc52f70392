import { describe, expect, it } from 'vitest';
import { Blocks, type Model } from '../../src/core/model.ts';
import { mat } from '../../src/core/tensor.ts';
import { BACKENDS, modelOf, RECIPES, randomTokens } from './models.ts';
import { allAtOnce } from './sequences.ts';

const LENGTH = 32;

/** Logits after each token, one token after the other, layers carrying their state. */
function oneByOne(model: Model, ids: Int32Array): Float64Array[] {
  const blocks = new Blocks(model, { rows: 1, seqLen: 1, training: false, targetCapacity: 1 });
  const plan = blocks.plan(1);
  const logits = mat(model.backend.real, 1, model.vocab, 'logits');
  return Array.from(ids, (id, i) => {
    const context = { k: model.backend.kernels, seqLen: 1, carry: i > 0 };
    plan.ids.data[0] = id;
    plan.forward(context);
    plan.logits(context, logits);
    return Float64Array.from(logits.data);
  });
}

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
