import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { composeModel } from '../../src/compose/run.ts';
import { Random } from '../../src/core/random.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { Evaluator } from '../../src/train/evaluate.ts';
import { TextGenerator } from '../../src/train/generate.ts';
import { Sampler } from '../../src/train/sampling.ts';
import { BACKENDS, modelOf, RECIPES, randomTokens } from './models.ts';
import { allAtOnce, lossOf } from './sequences.ts';

const EOS = 3;
/** Shorter than most documents, so that they take several windows. */
const SEQ_LEN = 8;
const OPTIONS = { seqLen: SEQ_LEN, blockRows: 'auto', causal: true } as const;

/** Documents of these lengths, their end included; no other token is the end's. */
function documentsOf(lengths: readonly number[], vocab: number): Int32Array[] {
  return lengths.map((length, i) => {
    const tokens = randomTokens(length, vocab - 4, 20 + i).ids.map((id) => id + 4);
    tokens[length - 1] = EOS;
    return tokens;
  });
}

const textOf = (documents: readonly Int32Array[]) => ({
  split: 'test',
  eos: EOS,
  tokens: () => documents,
  count: documents.reduce((sum, { length }) => sum + length, 0),
  characters: 100,
  bytes: 200,
});

describe.each(RECIPES)('%s', (_, loading) => {
  describe.each(BACKENDS)('%s', (_name, create) => {
    it('every token of every document is scored from its own document alone', async () => {
      const recipe = await loading;
      const model = modelOf(recipe, create(2));
      const documents = documentsOf([1, 5, SEQ_LEN, SEQ_LEN + 1, 3 * SEQ_LEN + 2], model.vocab);
      model.prepare();
      let expected = 0;
      for (const tokens of documents) {
        const logits = allAtOnce(model, Int32Array.of(EOS, ...tokens.slice(0, -1)));
        tokens.forEach((token, i) => {
          expected += lossOf(logits[i]!, token);
        });
      }
      const count = documents.reduce((sum, d) => sum + d.length, 0);
      for (const collapse of ['auto', 'never'] as const) {
        const evaluator = new Evaluator(model, {
          seqLen: SEQ_LEN,
          collapse,
          blockRows: 'auto',
          causal: true,
        });
        const { loss, ppl, bpc, bpb, tokens } = evaluator.evaluate(textOf(documents), 0);
        expect(tokens).toBe(count);
        expect(loss).toBeCloseTo(expected / count, 5);
        expect(ppl).toBeCloseTo(Math.exp(expected / count), 1);
        expect(bpc).toBeCloseTo(expected / Math.LN2 / 100, 4);
        expect(bpb).toBeCloseTo(bpc! / 2, 10);
      }
    });

    it('a text cut by a limit is scored as the beginning of the whole one', async () => {
      const model = modelOf(await loading, create(1));
      const evaluator = new Evaluator(model, {
        seqLen: SEQ_LEN,
        collapse: 'auto',
        blockRows: 'auto',
        causal: true,
      });
      const documents = documentsOf([3, SEQ_LEN + 5], model.vocab);
      const nats = (limit: number): number => {
        const all = Int32Array.from(documents.flatMap((ids) => [...ids])).subarray(0, limit);
        // In pieces of 3, which end where neither documents nor windows do.
        const tokens = () =>
          Array.from({ length: Math.ceil(limit / 3) }, (_, i) => all.subarray(3 * i, 3 * i + 3));
        const event = evaluator.evaluate({ ...textOf([]), tokens }, 0);
        expect(event.tokens).toBe(limit);
        return event.loss * limit;
      };
      const all = documents[0]!.length + documents[1]!.length;
      let before = 0;
      for (let limit = 1; limit <= all; limit++) {
        const now = nats(limit);
        expect(now).toBeGreaterThan(before);
        before = now;
      }
      expect(before / all).toBeCloseTo(evaluator.evaluate(textOf(documents), 0).loss, 6);
    });

    it('documents scored side by side have the bits of documents scored one by one', async () => {
      const model = modelOf(await loading, create(2));
      const lengths = [9, 1, 40, 2, 16, 17, 5, 1, 33, 8, 24, 3];
      const documents = documentsOf([...lengths, ...lengths], model.vocab);
      // One training sequence a call: one document at a time. Then two of them, three, and as many as there are.
      const losses = ([1, 2 * SEQ_LEN, 3 * SEQ_LEN, 'auto'] as const).map(
        (blockRows) =>
          new Evaluator(model, { ...OPTIONS, blockRows, collapse: 'never' }).evaluate(textOf(documents), 0)
            .loss,
      );
      expect(losses).toEqual(losses.map(() => losses[0]));
    });

    it('greedy generation continues with the token that the whole text so far makes likeliest', async () => {
      const model = modelOf(await loading, create(2));
      const prompt = [7, 9, 7, 30];
      const sampler = new Sampler(model.vocab, { temperature: 0 }, new Random(1), new Set([EOS]));
      const written = [...new TextGenerator(model).generate(prompt, EOS, 10, sampler)];
      expect(written.length).toBe(10);
      const text = [EOS, ...prompt];
      for (const token of written) {
        const logits = allAtOnce(model, Int32Array.from(text)).at(-1)!;
        logits[EOS] = Number.NEGATIVE_INFINITY;
        expect(token).toBe(logits.indexOf(Math.max(...logits)));
        text.push(token);
      }
    });
  });
});

/** A model that costs next to nothing a token. */
async function small(vocab: number, dim: number) {
  const set = [
    `model=[{embedding: {vocab: ${vocab}, dim: ${dim}}}, rms_norm, tied_head]`,
    `tokenizer.vocab=${vocab}`,
  ];
  return loadRecipe('v61-debug', { set });
}

describe('Evaluator', () => {
  it('Evaluator adds up every block of a text of more than 65,536 tokens, dense and collapsed', async () => {
    const model = composeModel(await small(260, 2), BACKENDS.at(-1)![1]());
    // The first block is all of one token, which a last block alone would not show.
    const ids = Int32Array.from({ length: 70_000 }, (_, i) => (i < 65_536 ? 4 : 4 + (i % 4)));
    const score = (collapse: 'auto' | 'never') =>
      new Evaluator(model, { ...OPTIONS, collapse }).evaluate(textOf([ids]), 0);
    const [computed, counted] = [score('never'), score('auto')];
    expect(computed.tokens).toBe(70_000);
    expect(computed.loss).toBeCloseTo(counted.loss, 5);
    expect(computed.loss).toBeGreaterThan(1);
  });

  it('Evaluator evaluates a text of more than 65,536 distinct tokens that all follow one token', async () => {
    const vocab = 65_600;
    const backend = createReferenceBackend('f32');
    // 4e9 logits would be computed: only what is counted and how it is cut into blocks is looked at.
    const headLoss: typeof backend.kernels.headLoss = (...args) => void args;
    const model = composeModel(await small(vocab, 1), {
      ...backend,
      kernels: { ...backend.kernels, headLoss },
    });
    const ids = Int32Array.from({ length: 2 * vocab }, (_, i) => (i % 2 ? 5 : i >> 1));
    const event = new Evaluator(model, { ...OPTIONS, collapse: 'auto' }).evaluate(textOf([ids]), 0);
    expect(event.tokens).toBe(2 * vocab);
  });

  it('Evaluator scores a document longer than its window the same among others as alone', async () => {
    const [embedding, layers] = [`{embedding: {vocab: 260, dim: 2}}`, 'token_shift, rms_norm, tied_head'];
    const set = [`model=[${embedding}, ${layers}]`, 'tokenizer.vocab=260'];
    const model = composeModel(await loadRecipe('shift', { set }), BACKENDS.at(-1)![1]());
    const documents = documentsOf([30, 5, 40_000, 3, 50, 1], model.vocab);
    // Pieces end in the middle of documents.
    const all = Int32Array.from(documents.flatMap((ids) => [...ids]));
    const pieces = Array.from({ length: Math.ceil(all.length / 999) }, (_, i) =>
      all.subarray(999 * i, 999 * (i + 1)),
    );
    const text = { ...textOf(documents), tokens: () => pieces };
    const score = (blockRows: number | 'auto') =>
      new Evaluator(model, { ...OPTIONS, seqLen: 256, blockRows, collapse: 'never' }).evaluate(text, 0);
    expect(score('auto').tokens).toBe(all.length);
    expect(score('auto').loss).toBe(score(1).loss);
    const alone = documents.map((one) => ({
      one,
      at: new Evaluator(model, { ...OPTIONS, seqLen: 256, collapse: 'never' }).evaluate(textOf([one]), 0),
    }));
    const nats = alone.reduce((sum, { one, at }) => sum + one.length * at.loss, 0);
    expect(score('auto').loss).toBeCloseTo(nats / all.length, 9);
  });
});
