import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { Evaluator } from '../../src/train/evaluate.ts';
import { TextGenerator } from '../../src/train/generate.ts';
import { Sampler } from '../../src/train/sampling.ts';
import { BACKENDS, modelOf, RECIPES, randomTokens } from './models.ts';
import { allAtOnce } from './sequences.ts';

const EOS = 3;
/** Shorter than most documents, so that they take several windows. */
const SEQ_LEN = 8;

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
  documents: () =>
    documents.map((ids) => ({
      length: ids.length,
      read: (start: number, count: number, out: Int32Array, at: number) =>
        out.set(ids.subarray(start, start + count), at),
    })),
  characters: 100,
  bytes: 200,
});

describe.each(RECIPES)('%s', (_, loading) => {
  describe.each(BACKENDS)('%s', (_name, create) => {
    it('scores every token of every document from its own document alone', async () => {
      const recipe = await loading;
      const model = modelOf(recipe, create(2));
      const documents = documentsOf([1, 5, SEQ_LEN, SEQ_LEN + 1, 3 * SEQ_LEN + 2], model.vocab);
      model.prepare();
      let expected = 0;
      for (const tokens of documents) {
        const logits = allAtOnce(model, Int32Array.of(EOS, ...tokens.slice(0, -1)));
        tokens.forEach((token, i) => {
          const max = Math.max(...logits[i]!);
          const sum = logits[i]!.reduce((total, z) => total + Math.exp(z - max), 0);
          expected += max + Math.log(sum) - logits[i]![token]!;
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

    it('writes on with the token that the whole text so far makes likeliest', async () => {
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
