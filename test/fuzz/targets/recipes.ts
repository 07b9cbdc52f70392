import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parse } from 'yaml';
import { describeModel } from '../../../src/compose/describe.ts';
import { createRegistry } from '../../../src/recipes/builtins.ts';
import { parseBackend } from '../../../src/recipes/create.ts';
import { fillRecipe } from '../../../src/recipes/fill.ts';
import { libraryFile, libraryNames } from '../../../src/recipes/library.ts';
import { loadRecipe } from '../../../src/recipes/load.ts';
import { VALID } from '../../recipes/valid-recipe.ts';
import { mutatedBytes } from '../mutated-bytes.ts';
import { mutatedJson } from '../mutated-json.ts';
import { setTrap, TRAPS } from '../sandbox.ts';
import { demand, target } from '../target.ts';
import { yamlText } from '../yaml-text.ts';

const LIBRARY = libraryNames().map((name) => readFileSync(libraryFile(name)!, 'utf8'));

/** Loads a recipe, uses what comes of it, and demands that its filled form says the same. */
async function use(file: string, set: readonly string[] = []): Promise<void> {
  const recipe = await loadRecipe(file, { set });
  describeModel(recipe);
  const filled = fillRecipe(recipe);
  writeFileSync('filled.yaml', filled);
  demand(fillRecipe(await loadRecipe('filled.yaml')) === filled, 'a filled recipe fills to itself');
}

const WORDS = [
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
  '<<: *a\n',
  '"',
  "'",
  '#',
  '|',
  '>',
  '? ',
  '!',
  '!!set ',
  '\t',
  '---\n',
  '...\n',
  '\0',
  '\u{feff}',
  '%YAML 1.1\n',
  'extends: v61\n',
  'plugins: [..]\n',
  '.inf',
  '.nan',
  '1e999',
  '-0',
  '0x7fffffffffffffff',
  '2147483648',
  '9007199254740993',
  'null',
  'checked(native)',
  '\r',
  '\u2028',
];

const recipeText = target<Buffer>({
  name: 'recipe: text',
  runs: 250,
  prepare: () => ({
    inputs: fc.oneof(
      mutatedBytes(
        [VALID, ...LIBRARY].map((text) => Buffer.from(text)),
        WORDS,
      ),
      mutatedJson([VALID, ...LIBRARY].map((text) => parse(text))).map((text) => Buffer.from(text)),
      yamlText.map((text) => Buffer.from(text)),
      yamlText.map((text) => Buffer.from(`${VALID}sample: ${text}`)),
    ),
    feed: (text) => {
      writeFileSync('recipe.yaml', text);
      return use('recipe.yaml');
    },
  }),
});

interface Extending {
  /** What the recipes 0.yaml, 1.yaml, ... extend, and what else is in them. */
  readonly files: readonly { readonly extends: string; readonly rest: string }[];
}

const PATHS = [
  '0.yaml',
  '1.yaml',
  '2.yaml',
  './../inside/1.yaml',
  '..',
  '.',
  '/',
  '',
  'v61',
  'shift',
  'no-such',
  'V61',
  '../v61',
  '/dev/zero',
  '/dev/stdin',
  '/proc/self/mem',
  '/etc/passwd',
  'a\0b',
  'x'.repeat(5000),
  '~',
  'file:///etc/passwd',
  ...TRAPS.map((trap) => `traps/${trap}`),
];

const recipeExtends = target<Extending>({
  name: 'recipe: extends, plugins and other paths',
  runs: 300,
  prepare: (sandbox) => {
    for (const trap of TRAPS) setTrap(join(sandbox.inside, 'traps', trap), trap, sandbox);
    const path = fc.oneof(fc.constantFrom(...PATHS), fc.string({ maxLength: 8 }));
    const rest = fc.oneof(
      fc.constantFrom('', VALID, 'train: { steps: 3 }\n', 'model: []\n', 'optimizer: { type: adamw }\n'),
      fc.array(path, { maxLength: 3 }).map((paths) => `plugins: ${JSON.stringify(paths)}\n`),
      path.map((file) => `tokenizer: { file: ${JSON.stringify(file)} }\n`),
    );
    return {
      inputs: fc.record({
        files: fc.array(fc.record({ extends: path, rest }), { minLength: 1, maxLength: 3 }),
      }),
      feed: async ({ files }) => {
        files.forEach((file, i) => {
          const first = file.extends === '' ? '' : `extends: ${JSON.stringify(file.extends)}\n`;
          writeFileSync(`${i}.yaml`, first + file.rest);
        });
        await use('0.yaml');
        await use(files[0]!.extends);
      },
    };
  },
});

const recipeSet = target<readonly string[]>({
  name: 'recipe: --set',
  runs: 200,
  prepare: () => {
    writeFileSync('right.yaml', VALID);
    const key = fc.oneof(
      fc.constantFrom(
        'train.steps',
        'model.1.repeat',
        'model.1.layers.0',
        'model.0.embedding.dim',
        'model.99',
        'model.-1',
        'optimizer',
        'optimizer.type',
        'backend',
        'backend.wrap',
        'schedule.over',
        '__proto__.polluted',
        'constructor.prototype.x',
        'data.source',
        'plugins',
        'extends',
        '$schema',
        'name',
        'a.b.c.d.e',
        'model',
        '.',
        'train..steps',
        ' ',
        'toString',
      ),
      fc.array(fc.string({ maxLength: 4 }), { maxLength: 3 }).map((parts) => parts.join('.')),
      fc.nat(80).map((depth) => Array(depth).fill('a').join('.')),
    );
    const value = fc.oneof(
      fc.constantFrom(
        '',
        '1',
        '-1',
        '1e308',
        '.inf',
        '2147483647',
        'null',
        '[]',
        '{}',
        'sgd',
        'native:avx2',
        'checked(native)',
        '*a',
        '&a [*a]',
        '!!js/function x',
        '{ type: sgd, lr: 1 }',
        '[[[[[[',
        '- '.repeat(3000),
        '"\\ud800"',
        '\n---\n',
      ),
      yamlText,
      fc.string({ maxLength: 8, unit: 'binary' }),
    );
    const pair = fc
      .tuple(key, fc.constantFrom('=', '=', '=', '', '=='), value)
      .map((parts) => parts.join(''));
    return {
      inputs: fc.array(pair, { maxLength: 4 }),
      feed: (sets) => use('right.yaml', sets),
    };
  },
});

const backendExpression = target<string>({
  name: 'recipe: backend expression',
  runs: 300,
  prepare: () => {
    writeFileSync('right.yaml', VALID);
    const name = fc.oneof(
      fc.constantFrom(
        'native',
        'reference',
        'native:avx2',
        'native:',
        ':',
        'reference:f64',
        'reference:f32:f64',
        'checked',
        'finite',
        '__proto__',
        'constructor',
        'native:avx2:',
        'straight_through',
        'x',
        '',
      ),
      fc.string({ maxLength: 5 }),
    );
    const { expression } = fc.letrec<{ expression: string }>((tie) => ({
      expression: fc.oneof(
        { depthSize: 'medium', withCrossShrink: true },
        name,
        fc.tuple(name, tie('expression')).map(([outer, inner]) => `${outer}(${inner})`),
        fc.tuple(name, tie('expression'), tie('expression')).map(([f, a, b]) => `${f}(${a}, ${b})`),
        fc.tuple(name, tie('expression')).map(([outer, inner]) => `${outer}(${inner}`),
        fc
          .tuple(tie('expression'), fc.constantFrom(')', '(', ',', ' ', '\n', '\0'))
          .map((parts) => parts.join('')),
      ),
    }));
    const deep = fc
      .tuple(fc.constantFrom('checked(', 'straight_through(', '(', 'checked(native,'), fc.nat(3000), name)
      .map(([outer, count, inner]) => outer.repeat(count) + inner + ')'.repeat(count));
    return {
      inputs: fc.oneof({ arbitrary: expression, weight: 4 }, deep),
      feed: async (text) => {
        // Two ways in: the flag, and the recipe.
        const outcome = (work: Promise<unknown>) =>
          work.then(
            () => 'taken',
            () => 'refused',
          );
        const direct = await outcome((async () => parseBackend(text, createRegistry()))());
        const inRecipe = await outcome(
          loadRecipe('right.yaml', { set: [`backend=${JSON.stringify(text)}`] }),
        );
        demand(direct === inRecipe, `${direct} as a flag, ${inRecipe} in a recipe`);
        parseBackend(text, createRegistry());
        await use('right.yaml', [`backend=${JSON.stringify(text)}`]);
      },
    };
  },
});

export const RECIPE_TARGETS = [recipeText, recipeExtends, recipeSet, backendExpression];
