import { describe, expect, it } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { TextGenerator, type WritingEvent } from '../../src/train/generate.ts';
import { Sampler } from '../../src/train/sampling.ts';
import { BACKENDS, modelOf, RECIPES, randomTokens } from './models.ts';

const EOS = 3;
const MAX_TOKENS = 9;
/** None, one, and those around the pieces in which prompts are read. */
const LENGTHS = [0, 257, 1, 1000, 2, 255, 256, 40, 3];

/** Ends a text after four tokens or so, each at another. */
function samplerOf(vocab: number, seed: number) {
  const sampler = new Sampler(vocab, { temperature: 1 }, new Random(seed), new Set());
  return {
    sample(logits: ArrayLike<number>): number {
      const id = sampler.sample(logits);
      return id % 4 === 0 ? EOS : id;
    },
  };
}

/** What was written of each text, once it has ended. */
function textsOf(events: Iterable<WritingEvent>): number[][] {
  const texts: number[][] = [];
  const whole = new Set<number>();
  for (const { text, kind, id } of events) {
    if (kind === 'read') texts[text] = [];
    else if (kind === 'token') texts[text]!.push(id);
    else whole.add(text);
  }
  expect(whole.size).toBe(texts.length);
  return texts;
}

describe.each(RECIPES)('%s', (_, loading) => {
  // The same JavaScript runs on all of them; that rows do not know of each other is tested of every kernel.
  describe.each(BACKENDS.slice(-1))('%s', (_name, create) => {
    it('each of many texts is the same as when written alone, however many are written at once', async () => {
      const model = modelOf(await loading, create(2));
      const writings = (lengths: readonly number[]) =>
        lengths.map((length, i) => {
          const prompt = randomTokens(length, model.vocab, 50 + length).ids;
          return { prompt, sampler: samplerOf(model.vocab, i) };
        });
      const alone = writings(LENGTHS).map(({ prompt, sampler }) => [
        ...new TextGenerator(model).generate(prompt, EOS, MAX_TOKENS, sampler as Sampler),
      ]);
      const ends = alone.map(({ length }) => length);
      expect(Math.min(...ends)).toBeLessThan(4);
      expect(Math.max(...ends)).toBeGreaterThan(5);
      for (const sideBySide of [1, 2, 5, LENGTHS.length + 3]) {
        const generator = new TextGenerator(model, sideBySide);
        expect(textsOf(generator.generateAll(writings(LENGTHS), EOS, MAX_TOKENS)), `${sideBySide}`).toEqual(
          alone,
        );
        // Again with what the first texts left behind, and fewer of them.
        const few = textsOf(generator.generateAll(writings(LENGTHS.slice(0, 4)), EOS, MAX_TOKENS));
        expect(few).toEqual(alone.slice(0, 4));
        expect([
          ...generator.generate(
            writings(LENGTHS)[1]!.prompt,
            EOS,
            MAX_TOKENS,
            samplerOf(model.vocab, 1) as Sampler,
          ),
        ]).toEqual(alone[1]);
      }
    });
  });
});

describe('texts side by side', () => {
  const [, loading] = RECIPES[1]!;
  const setUp = async (texts: number) => {
    const model = modelOf(await loading, BACKENDS[0]![1]());
    return { model, generator: new TextGenerator(model, texts) };
  };

  it('the next text begins as soon as another has ended', async () => {
    const { generator } = await setUp(2);
    const ending = (after: number) => {
      let drawn = 0;
      return { prompt: [5], sampler: { sample: () => (drawn++ < after ? 7 : EOS) } };
    };
    const events = [...generator.generateAll([ending(6), ending(1), ending(2), ending(1)], EOS, 20)];
    const order = events.filter(({ kind }) => kind !== 'token').map(({ text, kind }) => `${kind} ${text}`);
    expect(order).toEqual([...['read 0', 'read 1', 'end 1', 'read 2', 'end 2', 'read 3', 'end 0', 'end 3']]);
    // Rows that were computed: with the first four tokens a text each, then one alone.
    expect(generator.work.decode.tokens).toBe(7 + 2 + 3 + 2);
  });

  it('a prompt that several texts in a row share is read once', async () => {
    const { generator, model } = await setUp(3);
    const [a, b] = [randomTokens(20, model.vocab, 1).ids, randomTokens(30, model.vocab, 2).ids];
    const writings = [a, a, a, b, b].map((prompt, i) => ({ prompt, sampler: samplerOf(model.vocab, i) }));
    const shared = textsOf(generator.generateAll(writings, EOS, 5));
    expect(generator.work.prefill.tokens).toBe(50);
    const copies = writings.map(({ prompt }, i) => ({
      prompt: prompt.slice(),
      sampler: samplerOf(model.vocab, i),
    }));
    expect(textsOf(generator.generateAll(copies, EOS, 5))).toEqual(shared);
    expect(generator.work.prefill.tokens).toBe(50 + 3 * 20 + 2 * 30);
  });

  it('the next text is requested only when there is room for it', async () => {
    const { generator, model } = await setUp(2);
    let taken = 0;
    const writings = function* () {
      for (; taken < 100; taken++) yield { prompt: [5], sampler: samplerOf(model.vocab, taken) };
    };
    for (const { kind } of generator.generateAll(writings(), EOS, 5)) if (kind === 'token') break;
    expect(taken).toBeLessThan(3);
  });
});
