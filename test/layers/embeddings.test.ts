import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { composeModel } from '../../src/compose/run.ts';
import { bigramRow } from '../../src/layers/bigram-embedding.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { Blocks } from '../../src/runtime/blocks.ts';
import { checkCausality } from '../../src/verify/causality.ts';
import { inPieces, rowsOf } from '../properties/sequences.ts';

const VOCAB = 260;
const recipeOf = (layers: string) =>
  loadRecipe('shift', {
    set: [
      `model=[{embedding: {vocab: ${VOCAB}, dim: 12, init: {normal: 0.5}}}, ${layers}, tied_head]`,
      `tokenizer.vocab=${VOCAB}`,
      'data.seq_len=8',
    ],
  });
const modelOf = async (layers: string) => {
  const model = composeModel(await recipeOf(layers), createReferenceBackend('f64'));
  model.prepare();
  return model;
};
const TOKENS = Int32Array.of(3, 3, 7, 3, 7, 7, 200, 3);

describe.each(['position_embedding: {}', 'bigram_embedding: {rows: 40, init: {normal: 0.5}}'])(
  '%s',
  (layer) => {
    it(`${layer} gives a text in pieces what it gives it at once`, async () => {
      const model = await modelOf(`{${layer}}`);
      const whole = inPieces(model, TOKENS, [8]);
      expect(inPieces(model, TOKENS, [3, 1, 4])).toEqual(whole);
      expect(inPieces(model, TOKENS, [1, 1, 1, 1, 1, 1, 1, 1])).toEqual(whole);
      // Equal tokens at other places, or after others, differ: the comparison is not vacuous.
      expect(whole[0]).not.toEqual(whole[1]);
    });

    it(`${layer} begins a document in a later call afresh, and goes on with it`, async () => {
      const model = await modelOf(`{${layer}}`);
      const alone = inPieces(model, TOKENS.subarray(2), [6]);
      const blocks = new Blocks(model, { rows: 4, seqLen: 4, training: false, targetCapacity: 1 });
      const block = blocks.block(4, 4);
      const logits = { ...block.nats, rows: 4, cols: VOCAB, data: new Float64Array(4 * VOCAB) } as never;
      // The second document begins with the third token.
      for (const [first, starts] of [
        [0, Int32Array.of(0, 0, 2, 2)],
        [4, new Int32Array(4)],
      ] as const) {
        block.load({ ...rowsOf(TOKENS.subarray(first, first + 4)), starts });
        block.forward({ continues: first > 0 });
      }
      block.logits(logits, { continues: true });
      expect((logits as { data: Float64Array }).data.subarray(0, VOCAB)).toEqual(alone[2]);
    });
  },
);

it('texts that may be longer than position_embedding has positions are refused before any is read', async () => {
  const model = await modelOf('{position_embedding: {positions: 8}}');
  const longer = Int32Array.of(...TOKENS, 3);
  for (const lengths of [[9], [4, 5]])
    expect(() => inPieces(model, longer, lengths)).toThrow(
      expect.objectContaining({
        message: 'texts of up to 9 tokens were asked for, and there are 8 positions',
        where: 'position_embedding, positions',
        remedy: expect.stringMatching(/^Ask for at most 8 .*--context.*--max-tokens/),
      }),
    );
  expect(() => inPieces(model, TOKENS, [4, 4])).not.toThrow();
});

it('a recipe whose sequences are longer than position_embedding has positions is refused', async () => {
  await expect(recipeOf('{position_embedding: {positions: 7}}')).rejects.toThrow(
    /sequences of 8 tokens \(data.seq_len\) need as many positions, not 7/,
  );
});

it('a table of values has a row for each token of the embedding, and may not have fewer', async () => {
  const rows = async (layer: string) => (await modelOf(layer)).store.all.at(-1)!.rows;
  expect(await rows('value_embedding')).toBe(VOCAB);
  expect(await rows(`{value_embedding: {vocab: ${VOCAB + 1}}}`)).toBe(VOCAB + 1);
  await expect(recipeOf(`{value_embedding: {vocab: ${VOCAB - 1}}}`)).rejects.toThrow(
    `the embedding has ${VOCAB} tokens, and this table ${VOCAB - 1} rows`,
  );
});

it('pairs of tokens and a first token are spread over the rows of a bigram table', () => {
  const rows = 500;
  const counts = new Int32Array(rows);
  for (let previous = -1; previous < 99; previous++)
    for (let id = 0; id < 100; id++) counts[bigramRow(previous, id, rows)]!++;
  // 20 pairs a row on average; of even draws, no row would be this far off.
  expect(Math.min(...counts)).toBeGreaterThan(0);
  expect(Math.max(...counts)).toBeLessThan(60);
  expect(bigramRow(3, 4, 2 ** 31 - 1)).not.toBe(bigramRow(4, 3, 2 ** 31 - 1));
});

it('group norm over time fails the causality check, and over positions passes it', async () => {
  const check = async (over: string) =>
    checkCausality(await recipeOf(`{group_norm: {groups: 3, over: ${over}}}`), createReferenceBackend('f32'));
  expect(await check('position')).toMatchObject({ causal: true });
  expect(await check('time')).toMatchObject({
    causal: false,
    leak: { kind: 'later token', layer: { type: 'group_norm' } },
  });
});
