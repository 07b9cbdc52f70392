import { describe, expect, it } from 'vitest';
import { mat } from '../../src/core/tensor.ts';
import { loadRecipe, type Recipe } from '../../src/recipes/load.ts';
import { Blocks } from '../../src/runtime/blocks.ts';
import { BACKENDS, modelOf, RECIPES, randomTokens } from './models.ts';
import { LAYERS, VOCAB } from './random-models.ts';
import { allAtOnce, inPieces, oneByOne, rowsOf, seesLater } from './sequences.ts';

const LENGTH = 32;

/** A model around each example of each registered layer that reads rows before: embedding, layer, projection back, head. */
async function sequenceLayers(): Promise<[string, Recipe][]> {
  const recipes = await Promise.all(
    LAYERS.map(async (layer): Promise<[string, Recipe]> => {
      const back = { ternary_linear: { out: 8, activations: 'int8' } };
      const model = [{ embedding: { vocab: VOCAB, dim: 8, init: { normal: 1 } } }, layer, back, 'tied_head'];
      return [
        JSON.stringify(layer),
        await loadRecipe('shift', { set: [`model=${JSON.stringify(model)}`, `tokenizer.vocab=${VOCAB}`] }),
      ];
    }),
  );
  return recipes.filter(
    ([
      ,
      {
        layers: { parts },
      },
    ]) => parts.body.coupling === 'sequence' && !seesLater(parts.body),
  );
}

const library = await Promise.all(
  RECIPES.map(async ([name, recipe]): Promise<[string, Recipe]> => [name, await recipe]),
);
const cases = [...library, ...(await sequenceLayers())];

describe.each(cases)('%s', (_, recipe) => {
  describe.each(BACKENDS)('%s', (_name, create) => {
    const prepared = () => {
      const model = modelOf(recipe, create(2));
      model.prepare();
      return model;
    };

    it('logits token by token have the bits of logits at once', () => {
      const model = prepared();
      const { ids } = randomTokens(LENGTH, model.vocab, 11);
      expect(oneByOne(model, ids)).toEqual(allAtOnce(model, ids));
    });

    it('logits from calls of any length have the bits of logits at once', () => {
      const model = prepared();
      const { ids } = randomTokens(LENGTH, model.vocab, 13);
      expect(inPieces(model, ids, [5, 1, 17, 2, 1, 1, 5])).toEqual(allAtOnce(model, ids));
    });

    it('texts side by side have the logits that each has alone, even from a saved state', () => {
      const model = prepared();
      const texts = [3, 9, 6].map((length, i) => randomTokens(length + 4, model.vocab, 20 + i).ids);
      const blocks = new Blocks(model, { rows: 16, seqLen: 16, training: false, targetCapacity: 1 });
      const together = blocks.block(texts.length, 1);
      for (const [i, ids] of texts.entries()) {
        const prompt = ids.subarray(0, -4);
        const block = blocks.block(prompt.length, prompt.length);
        block.load(rowsOf(prompt));
        block.forward();
        together.state.restore(i, block.state.save(0));
      }
      const logits = mat(model.backend.real, texts.length, model.vocab, 'logits');
      const found: Float64Array[][] = texts.map(() => []);
      for (let step = 4; step > 0; step--) {
        together.load(rowsOf(Int32Array.from(texts, (ids) => ids.at(-step)!)));
        together.forward({ continues: true });
        together.logits(logits);
        for (const [i, rows] of found.entries())
          rows.push(Float64Array.from(logits.data.subarray(i * model.vocab, (i + 1) * model.vocab)));
      }
      for (const [i, ids] of texts.entries()) expect(found[i]).toEqual(allAtOnce(model, ids).slice(-4));
      expect([...together.state.position.data]).toEqual(texts.map(({ length }) => length));
    });

    it('a token changes no earlier logits, and changes some from its position on', () => {
      const model = prepared();
      const { ids } = randomTokens(LENGTH, model.vocab, 12);
      const before = allAtOnce(model, ids);
      const t = 17;
      ids[t] = (ids[t]! + 1) % model.vocab;
      const after = allAtOnce(model, ids);
      expect(after.slice(0, t)).toEqual(before.slice(0, t));
      expect(after.slice(t)).not.toEqual(before.slice(t));
    });
  });
});
