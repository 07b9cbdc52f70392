import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDocument, visit } from 'yaml';
import { describeModel } from '../../src/compose/describe.ts';
import { FlashError } from '../../src/core/errors.ts';
import { fillRecipe } from '../../src/recipes/fill.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { folder, mistakesOf, VALID } from './helpers.ts';

const lines = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join('');

describe('texts made to do harm', () => {
  it.each([
    [
      'aliases that double',
      `a: &a [x]\n${lines(60, (i) => `b${i}: &b${i} [*${i ? `b${i - 1}` : 'a'}, *${i ? `b${i - 1}` : 'a'}]\n`)}`,
      'more than 20,000 values',
    ],
    ['an alias inside itself', 'a: &a [*a]\n', 'too many levels'],
    ['deep flow lists', `a: ${'['.repeat(200_000)}`, 'too many levels'],
    ['deep block lists', '- '.repeat(200_000), 'too many levels'],
    ['deep maps', lines(1000, (i) => `${' '.repeat(i)}k:\n`), 'too many levels'],
    ['many keys', lines(60_000, (i) => `k${i}: 1\n`), 'more than 20,000 values'],
    ['many small values', `a: [${'1,'.repeat(400_000)}]`, 'more than 20,000 values'],
    ['a huge text', `a: ${'x'.repeat(2_000_000)}`, "can't be a recipe: it has 2"],
    ['a type of another language', 'a: !!js/function "x"\n', 'tags are not used in recipes'],
    ['a date by YAML 1.1', '%YAML 1.1\n---\nname: !!timestamp 2020-01-01\n', 'tags are not used in recipes'],
  ])('hostile YAML ends in an error: %s', async (_, text, message) => {
    expect((await mistakesOf(text)).join('\n')).toContain(message);
  });

  it('bytes that are not text end in an error', async () => {
    const dir = folder({ 'recipe.yaml': Uint8Array.of(0x61, 0x3a, 0xff, 0xfe, 0x0a) });
    await expect(loadRecipe(join(dir, 'recipe.yaml'))).rejects.toThrow(
      /recipe\.yaml:1:1: the file is not text in UTF-8/,
    );
  });

  it('a byte-order mark in a recipe is accepted', async () => {
    expect(await mistakesOf(`\uFEFF${VALID}`)).toEqual([]);
    expect((await mistakesOf(`\uFEFFx: 1\n${VALID}`))[0]).toMatch(/^recipe\.yaml:1:1: unknown key 'x'/);
  });

  it('keys with a special meaning in JavaScript are ordinary unknown keys', async () => {
    const text = `${VALID}__proto__: { polluted: 1 }\nconstructor: 1\ntoString: 2\n`;
    expect((await mistakesOf(text)).map((line) => line.split(' in ')[0])).toEqual([
      "recipe.yaml:19:1: unknown key '__proto__'",
      "recipe.yaml:20:1: unknown key 'constructor'",
      "recipe.yaml:21:1: unknown key 'toString'",
    ]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe('impossible sizes', () => {
  const sized = async (...set: string[]) => {
    const recipe = await loadRecipe(join(folder({ 'recipe.yaml': VALID }), 'recipe.yaml'), { set });
    return describeModel(recipe);
  };
  const wide = ['model.0.embedding.dim=2000000000', 'model.1.layers=[silu]'];

  it.each([
    [
      'a model that is too wide',
      wide,
      /^The run would need [\d,]{15,} bytes \(\d\S* TB\) of memory \(evaluation: .*; there are [\d,]+ bytes/,
    ],
    [
      'a vocabulary that is too large',
      [
        'model.0.embedding.vocab=1000000000',
        'model.0.embedding.dim=1000',
        'tokenizer.vocab=null',
        'tokenizer.file=t.json',
        'model.1.layers=[silu]',
      ],
      /would need/,
    ],
    ['a batch that is too large', ['data.batch=2000000000', 'data.seq_len=2000000000'], /\(batch: /],
    [
      'rows that are too many',
      ['train.block_rows=2000000000', 'data.batch=1000000', 'data.seq_len=20000', 'collapse=never'],
      /\(activations: /,
    ],
  ])('an impossible size is refused: %s', async (_, set, message) => {
    const error = await sized(...set).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(FlashError);
    expect((error as Error).message).toMatch(message);
  });

  it('a recipe with more layers than possible is refused', async () => {
    const set = ['model.1.repeat=2000000000'];
    expect(await mistakesOf(VALID, { set })).toEqual([
      expect.stringMatching(/^--set model.1.repeat=2000000000: the model would have more than 20,000 layers/),
    ]);
    const nested = VALID.replace('- silu', '- { repeat: 1000, layers: [{ repeat: 1000, layers: [silu] }] }');
    expect(await mistakesOf(nested)).toHaveLength(1);
  });
});

/** Loads a text and uses what comes of it; anything but an error made for people fails the test. */
async function tried(text: string): Promise<string> {
  try {
    const recipe = await loadRecipe(join(folder({ 'recipe.yaml': text }), 'recipe.yaml'));
    describeModel(recipe);
    fillRecipe(recipe);
    return 'right';
  } catch (error) {
    if (!(error instanceof FlashError)) throw error;
    return error.message;
  }
}

describe('random changes of a right recipe', () => {
  const value = fc.oneof(
    fc.constantFrom(
      null,
      true,
      0,
      -1,
      Number.POSITIVE_INFINITY,
      2 ** 53,
      0.5,
      '',
      'native',
      'v61',
      'rms_norm',
      'checked(native)',
      'a.b',
    ),
    fc.constantFrom([], {}, [[]], [null], { type: 'sgd' }, { repeat: 3, layers: ['silu'] }, { residual: [] }),
    fc.string({ maxLength: 12 }),
    fc.double(),
    fc.jsonValue({ maxDepth: 2 }),
  );

  it('random values in a valid recipe end in errors for people', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(), value), { minLength: 1, maxLength: 4 }),
        async (changes) => {
          const document = parseDocument(VALID);
          for (const [at, to] of changes) {
            let left = at % 60;
            visit(document, {
              Node: (key) => (key === 'key' || left-- !== 0 ? undefined : document.createNode(to)),
            });
          }
          expect(await tried(String(document))).not.toBe('');
        },
      ),
      { numRuns: 150, seed: 11 },
    );
  });

  it('random text changes to a valid recipe end in errors for people', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '\n',
        '  ',
        '- ',
        ': ',
        '{',
        '}',
        '[',
        ']',
        '&a ',
        '*a',
        '"',
        "'",
        '#',
        '|',
        '>',
        '?',
        '!',
        '\t',
        '---\n',
        '\0',
        '\uFEFF',
        '%',
      ),
      fc.string({ maxLength: 4, unit: 'binary' }),
    );
    const cut = fc.tuple(fc.nat({ max: VALID.length }), fc.nat({ max: 20 }), piece);
    await fc.assert(
      fc.asyncProperty(fc.array(cut, { minLength: 1, maxLength: 3 }), async (cuts) => {
        const text = cuts.reduce(
          (all, [at, gone, put]) => all.slice(0, at) + put + all.slice(at + gone),
          VALID,
        );
        expect(await tried(text)).not.toBe('');
      }),
      { numRuns: 150, seed: 12 },
    );
  });

  it('random texts in a recipe come back unchanged when it is filled', async () => {
    const text = fc.string({
      maxLength: 30,
      unit: fc.constantFrom(...'ab #:-\'"{}[]&*!|>%@`,?\n\t\\~é😀\u2028\0'),
    });
    await fc.assert(
      fc.asyncProperty(text, async (prompt) => {
        const written = `${VALID}sample: { prompt: ${JSON.stringify(prompt)} }\n`;
        const recipe = await loadRecipe(join(folder({ 'recipe.yaml': written }), 'recipe.yaml'));
        expect(recipe.sample.prompt).toBe(prompt);
        const again = await loadRecipe(join(folder({ 'recipe.yaml': fillRecipe(recipe) }), 'recipe.yaml'));
        expect(again.sample.prompt).toBe(prompt);
      }),
      { numRuns: 100, seed: 14 },
    );
  });

  it('random keys in a valid recipe end in errors for people', async () => {
    const key = fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.constantFrom('type', 'name', 'repeat', 'layers', '__proto__', 'extends', 'plugins'),
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(), key, async (at, to) => {
        const document = parseDocument(VALID);
        let left = at % 40;
        visit(document, {
          Scalar: (place, node) =>
            place !== 'key' || left-- !== 0 ? undefined : Object.assign(node, { value: to }),
        });
        expect(await tried(String(document))).not.toBe('');
      }),
      { numRuns: 100, seed: 13 },
    );
  });
});
