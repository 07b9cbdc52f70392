import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { FlashError } from '../../src/core/errors.ts';
import { Random } from '../../src/core/random.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { DocumentReader } from '../../src/train/document-reader.ts';
import { Evaluator } from '../../src/train/evaluate.ts';
import { TextGenerator } from '../../src/train/generate.ts';
import { Sampler } from '../../src/train/sampling.ts';
import { type Windows, windowsFor, windowsOf } from '../../src/train/windows.ts';
import { modelOf, randomTokens } from './models.ts';
import { allAtOnce, lossOf } from './sequences.ts';

const EOS = 3;
const VOCAB = 260;
const PLUGIN = fileURLToPath(new URL('recall-plugin.ts', import.meta.url));

/** Of these layers between an embedding and a head. */
async function made(layers: string, threads = 1) {
  const ends = [`{embedding: {vocab: ${VOCAB}, dim: 4, init: {normal: 1}}}`, 'rms_norm, tied_head'];
  const set = [
    `plugins=[${JSON.stringify(PLUGIN)}]`,
    `model=[${ends[0]}, ${layers}, ${ends[1]}]`,
    `tokenizer.vocab=${VOCAB}`,
  ];
  return modelOf(await loadRecipe('shift', { set }), { ...createReferenceBackend('f32'), threads });
}

function documentsOf(lengths: readonly number[]): Int32Array[] {
  return lengths.map((length, i) => {
    const tokens = randomTokens(length, VOCAB - 4, 20 + i).ids.map((id) => id + 4);
    tokens[length - 1] = EOS;
    return tokens;
  });
}

/** In pieces that end where neither documents nor windows do. */
function textOf(documents: readonly Int32Array[], piece = 7) {
  const all = Int32Array.from(documents.flatMap((ids) => [...ids]));
  const pieces = Array.from({ length: Math.ceil(all.length / piece) }, (_, i) =>
    all.subarray(piece * i, piece * (i + 1)),
  );
  return { split: 'test', eos: EOS, tokens: () => pieces, count: all.length, characters: 100, bytes: 200 };
}

const ATTENTION = '{residual: [rms_norm, {linear: {out: 12}}, {attention: 2, rope: 100}]}';

const OPTIONS = { seqLen: 8, collapse: 'never', blockRows: 'auto', causal: true } as const;

describe('documents in windows', () => {
  it('windows score each token of each document once, with context - stride rows before it or all', () => {
    const sizes = fc.record({
      context: fc.integer({ min: 1, max: 9 }),
      stride: fc.integer({ min: 1, max: 9 }),
      lengths: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 }),
      piece: fc.integer({ min: 1, max: 40 }),
    });
    fc.assert(
      fc.property(sizes, ({ context, stride, lengths, piece }) => {
        fc.pre(stride <= context);
        const documents = documentsOf(lengths);
        const text = textOf(documents, piece);
        const scored: number[] = [];
        let document = -1;
        let next = 0;
        for (const window of windowsOf(new DocumentReader(text.tokens(), EOS), { context, stride })) {
          if (window.first) [document, next] = [document + 1, 0];
          const tokens = documents[document]!;
          const begin = next - window.seen;
          expect(window.rows).toBeLessThanOrEqual(context);
          expect(window.seen).toBe(window.first ? 0 : context - stride);
          expect(begin % stride).toBe(0);
          expect([...window.targets.subarray(0, window.rows)]).toEqual([
            ...tokens.subarray(begin, begin + window.rows),
          ]);
          const inputs = [EOS, ...tokens.subarray(0, -1)].slice(begin, begin + window.rows);
          expect([...window.ids.subarray(0, window.rows)]).toEqual(inputs);
          scored.push(...window.targets.subarray(window.seen, window.rows));
          next = begin + window.rows;
        }
        expect(scored).toEqual(documents.flatMap((ids) => [...ids]));
      }),
      { seed: 1, numRuns: 150 },
    );
  });

  it.each([
    { context: 8, stride: 8 },
    { context: 8, stride: 3 },
    { context: 40, stride: 20 },
    { context: 12, stride: 5, layers: ATTENTION },
  ])('a model whose state grows scores documents of any length in windows: %j', async (given) => {
    const { layers = 'recall, token_shift', ...windows } = given as Windows & { readonly layers?: string };
    const model = await made(layers);
    const documents = documentsOf([3, 1, 8, 50, 9, 200, 2, 16, 17]);
    model.prepare();
    let [expected, cut] = [0, 0];
    for (const tokens of documents) {
      const ids = Int32Array.of(EOS, ...tokens.subarray(0, -1));
      for (let start = 0, end = 0; end < tokens.length; start += windows.stride) {
        const from = end;
        end = Math.min(start + windows.context, tokens.length);
        const logits = allAtOnce(model, ids.slice(start, end));
        for (let t = from; t < end; t++) expected += lossOf(logits[t - start]!, tokens[t]!);
        if (start > 0) cut += end - from;
      }
    }
    const text = textOf(documents);
    const scored = [1, 2 * windows.context, 'auto' as const].map((blockRows) =>
      new Evaluator(model, { ...OPTIONS, blockRows, windows }).evaluate(text, 0),
    );
    expect(scored[0]!.loss * text.count).toBeCloseTo(expected, 3);
    expect(scored[0]).toMatchObject({ tokens: text.count, windows: { ...windows, cut } });
    // To the bit, however many windows go side by side.
    expect(scored).toEqual(scored.map(() => scored[0]));
  });

  it('by default windows are a training sequence long and overlap by half', async () => {
    const model = await made('recall');
    const text = textOf(documentsOf([30]));
    const event = new Evaluator(model, OPTIONS).evaluate(text, 0);
    expect(event.windows).toEqual({ context: 8, stride: 4, cut: 22 });
  });

  it('a model whose state does not grow carries it on, and reports no windows', async () => {
    const model = await made('token_shift');
    const text = textOf(documentsOf([30, 4]));
    const windows = { context: 4, stride: 4 };
    const event = new Evaluator(model, { ...OPTIONS, windows }).evaluate(text, 0);
    expect(event).toEqual(new Evaluator(model, OPTIONS).evaluate(text, 0));
    expect(event).not.toHaveProperty('windows');
  });

  it('a layer whose state grows is found inside containers', async () => {
    const inside = 'repeat: 2, layers: [{residual: [rms_norm, recall]}]';
    expect((await made(`{${inside}}`)).growsToContext).toBe(true);
    expect((await made('{residual: [token_shift]}')).growsToContext).toBe(false);
  });

  it('a stride beyond the context is refused, in a recipe with its place', async () => {
    expect(() => windowsFor({ context: 4, stride: 5 }, 8)).toThrow(FlashError);
    expect(windowsFor({ stride: 8 }, 8)).toEqual({ context: 8, stride: 8 });
    expect(windowsFor({ context: 5 }, 8)).toEqual({ context: 5, stride: 3 });
    await expect(loadRecipe('shift', { set: ['eval.context=4', 'eval.stride=5'] })).rejects.toThrow(
      'a stride of 5 would leave out tokens between windows of 4 (eval.context)',
    );
  });
});

describe('the loss by place in the document', () => {
  const cases: readonly (readonly [string, string, Windows | undefined])[] = [
    ['a token-wise model', '{residual: [rms_norm]}', undefined],
    ['a model with a state', 'token_shift', undefined],
    ['a model whose state grows', 'recall', { context: 8, stride: 4 }],
  ];
  it.each(cases)('%s: losses by position add up to the loss of the text', async (_, layers, windows) => {
    const model = await made(layers);
    const documents = documentsOf([1, 2, 3, 4, 20, 33]);
    const text = textOf(documents);
    for (const collapse of ['auto', 'never'] as const) {
      const evaluator = new Evaluator(model, { ...OPTIONS, collapse, ...(windows && { windows }) });
      const { event, positions } = await evaluator.evaluateByPosition(text, 5);
      expect(event).toEqual(evaluator.evaluate(text, 5));
      expect(positions.map(({ from, to, tokens }) => [from, to, tokens])).toEqual([
        ...[
          [1, 1, 6],
          [2, 3, 9],
          [4, 7, 9],
          [8, 15, 16],
          [16, 31, 21],
        ],
        [32, 63, 2],
      ]);
      const nats = positions.reduce((sum, { tokens, loss }) => sum + tokens * loss, 0);
      expect(nats / text.count).toBeCloseTo(event.loss, 6);
    }
    // Of the first token alone.
    model.prepare();
    const [logits] = allAtOnce(model, Int32Array.of(EOS));
    const first = documents.reduce((sum, tokens) => sum + lossOf(logits!, tokens[0]!), 0) / 6;
    const { positions } = await new Evaluator(model, OPTIONS).evaluateByPosition(text, 5);
    expect(positions[0]!.loss).toBeCloseTo(first, 5);
  });
});

describe('texts of a model whose state grows', () => {
  const greedy = () => new Sampler(VOCAB, { temperature: 0 }, new Random(1), new Set([EOS]));

  it.each([0, 1, 5, 255, 256, 300])(
    'a text of %d prompt tokens fills its context to the last row',
    async (length) => {
      const model = await made('recall');
      const prompt = randomTokens(length, VOCAB, 3).ids;
      const written = [...new TextGenerator(model, 1, length + 10).generate(prompt, EOS, 10, greedy())];
      expect(written).toHaveLength(10);
      model.prepare();
      const text = Int32Array.of(EOS, ...prompt, ...written);
      const logits = allAtOnce(model, text.subarray(0, -1)).slice(length);
      const likeliest = logits.map((row) => {
        row[EOS] = Number.NEGATIVE_INFINITY;
        return row.indexOf(Math.max(...row));
      });
      expect(written).toEqual(likeliest);
      const tooShort = () => [...new TextGenerator(model, 1, length + 9).generate(prompt, EOS, 10, greedy())];
      // A context below the size of a prompt's pieces is still its own.
      expect(tooShort).toThrow(/room for/);
    },
  );

  it.each(['recall, token_shift', ATTENTION])(
    'texts of a model whose state grows are the same side by side as one by one: %s',
    async (layers) => {
      const model = await made(layers);
      const prompts = [0, 40, 3, 300, 7, 1].map((length, i) => randomTokens(length, VOCAB, 9 + i).ids);
      const seeded = (i: number) => new Sampler(VOCAB, { temperature: 1 }, new Random(i), new Set());
      const alone = prompts.map((prompt, i) => [
        ...new TextGenerator(model, 1, 320).generate(prompt, EOS, 20, seeded(i)),
      ]);
      for (const sideBySide of [1, 3, 6]) {
        const texts: number[][] = prompts.map(() => []);
        const writings = prompts.map((prompt, i) => ({ prompt, sampler: seeded(i) }));
        for (const { text, kind, id } of new TextGenerator(model, sideBySide, 320).generateAll(
          writings,
          EOS,
          20,
        ))
          if (kind === 'token') texts[text]!.push(id);
        expect(texts).toEqual(alone);
      }
    },
  );

  it('a generator without a context is refused for a model whose state grows', async () => {
    const model = await made('recall');
    expect(() => new TextGenerator(model)).toThrow(/context/);
  });
});
