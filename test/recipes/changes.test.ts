import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeModel } from '../../src/compose/describe.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { folder, mistakes, mistakesOf, VALID } from './helpers.ts';

const load = (files: Readonly<Record<string, string>>, set: readonly string[] = []) =>
  loadRecipe(join(folder(files), 'recipe.yaml'), { set });

describe('--set', () => {
  const changed = (...set: string[]) => load({ 'recipe.yaml': VALID }, set);

  it('--set changes values, in order', async () => {
    const recipe = await changed(
      'optimizer.lr=0.5',
      'optimizer.lr=0.02',
      'train.budget=90m',
      'collapse=never',
    );
    expect(recipe.optimizer.options.lr).toBe(0.02);
    expect(recipe.train).toMatchObject({ steps: 20, budget: '90m' });
    expect(recipe.collapse).toBe('never');
  });

  it.each(['f32', 'bf16', 'int8'])('--set changes compute to %s', async (compute) => {
    expect((await changed(`compute=${compute}`)).compute).toBe(compute);
  });

  it('--set follows paths through lists, and turns a bare name into a map', async () => {
    const recipe = await changed('model.1.repeat=5', 'model.1.layers.0.residual.2.silu.name=gate');
    const paths = describeModel(recipe).layers.map(({ path }) => path);
    expect(paths).toContain('blocks.4.gate');
    expect(paths).not.toContain('blocks.5.gate');
  });

  it('--set takes any YAML, including null and an empty value', async () => {
    const recipe = await changed(
      'optimizer={ type: adamw, lr: 1e-3 }',
      'checkpoint.every=null',
      'eval.every=',
    );
    expect(recipe.optimizer.component.type).toBe('adamw');
    expect(recipe.checkpoint.every).toBeNull();
    expect(recipe.eval.every).toBeNull();
  });

  it('--set of a type drops the options of the other type', async () => {
    const recipe = await load({
      'base.yaml': VALID,
      'recipe.yaml': 'extends: base.yaml\noptimizer: { type: adamw, lr: 0.1 }\n',
    });
    expect(recipe.optimizer.options).not.toHaveProperty('momentum');
  });

  it('--set reads relative paths from the working directory', async () => {
    expect((await changed('data.source=[a.txt]')).data.source).toEqual([resolve('a.txt')]);
  });

  it.each([
    ['optimizer.lrr=1', "unknown key 'lrr' in sgd; did you mean 'lr'?"],
    ['optimzer.lr=1', "unknown key 'optimzer' in the recipe; did you mean 'optimizer'?"],
    ['optimizer.lr=fast', "'lr' must be a number, found 'fast'"],
    ['collapse=nver', "'collapse' must be auto or never, found 'nver'; did you mean 'never'?"],
    ['compute=bf-16', "'compute' must be f32, bf16 or int8, found 'bf-16'; did you mean 'bf16'?"],
    ['model.7.repeat=2', "'7' is not an entry of a list of 4: expected 0 to 3"],
    ['model.one=2', "'one' is not an entry of a list of 4: expected 0 to 3"],
    ['name.first=x', `'first' is looked for inside "small", which has no keys`],
    ['optimizer.lr', 'expected key=value, such as optimizer.lr=0.02'],
    ['=3', 'expected key=value, such as optimizer.lr=0.02'],
    ['a..b=3', 'expected key=value, such as optimizer.lr=0.02'],
    ['extends=v61', "'extends' can only be in a file"],
    ['__proto__.x=1', "unknown key '__proto__' in the recipe"],
  ])('a wrong --set is refused: %s', async (set, message) => {
    const [line, ...more] = await mistakesOf(VALID, { set: [set] });
    expect(line!.startsWith(`--set ${set}: ${message}`)).toBe(true);
    expect(more).toEqual([]);
  });

  it('--set with text that is not YAML is refused', async () => {
    const [line] = await mistakesOf(VALID, { set: ['optimizer={lr'] });
    expect(line).toMatch(/^--set optimizer=\{lr: Flow map/);
  });

  it('an error in --set is reported together with the errors of the file', async () => {
    const lines = await mistakesOf(VALID.replace('momentum', 'momentun'), {
      set: ['modle=3', 'log.every=0'],
    });
    expect(lines.sort()).toEqual([
      "--set log.every=0: 'log.every' must be at least 1, found 0",
      "--set modle=3: unknown key 'modle' in the recipe; did you mean 'model'?",
      "recipe.yaml:15:35: unknown key 'momentun' in sgd; did you mean 'momentum'?",
    ]);
  });
});

describe('extends', () => {
  it('extends merges maps, replaces lists, and takes a library name or a path beside the file', async () => {
    const recipe = await load({
      'recipe.yaml': 'extends: sub/middle.yaml\ntrain: { seed: 3 }\n',
      'sub/middle.yaml':
        'extends: ../base.yaml\nmodel:\n  - embedding: { vocab: 300, dim: 4 }\n  - silu\n  - tied_head\n',
      'base.yaml': 'extends: v61\nname: base\ntokenizer: { vocab: 300 }\ntrain: { seed: 2, clip: 1 }\n',
    });
    expect(recipe.name).toBe('base');
    expect(recipe.train).toMatchObject({ seed: 3, clip: 1, budget: '2h' });
    expect(describeModel(recipe).layers).toHaveLength(3);
  });

  it('extends keeps the places and the folders of each file', async () => {
    const dir = folder({
      'recipe.yaml': 'extends: sub/base.yaml\noptimizer: { lrr: 1 }\nlog: { every: 5 }\n',
      'sub/base.yaml': `${VALID}log: { evry: 1 }\nsample: { temperature: hot }\n`,
    });
    expect((await mistakes(dir)).sort()).toEqual([
      "recipe.yaml:2:14: unknown key 'lrr' in sgd; did you mean 'lr'?",
      "sub/base.yaml:19:8: unknown key 'evry' in 'log'; did you mean 'every'?",
      "sub/base.yaml:20:24: 'sample.temperature' must be a number, found 'hot'",
    ]);
    const paths = await load({
      'recipe.yaml': 'extends: sub/base.yaml\ndata: { valid: v.txt }\n',
      'sub/base.yaml': VALID.replace('source: sample', 'source: [t.txt, ../u.txt]'),
    });
    const [first, second] = paths.data.source as string[];
    expect(first).toMatch(/[\\/]sub[\\/]t\.txt$/);
    expect(resolve(first!, '../../u.txt')).toBe(second);
    expect(resolve(first!, '../../v.txt')).toBe(paths.data.valid);
  });

  it('extends adds up plugins', async () => {
    const plugin = (name: string) => `export default { name: '${name}', register() {} };\n`;
    const recipe = await load({
      'recipe.yaml': 'extends: sub/base.yaml\nplugins: [b.mjs, sub/a.mjs]\n',
      'sub/base.yaml': `${VALID}plugins: [a.mjs]\n`,
      'sub/a.mjs': plugin('a'),
      'b.mjs': plugin('b'),
    });
    expect(recipe.plugins.map((path) => path.replace(/^.*[\\/]/, ''))).toEqual(['a.mjs', 'b.mjs']);
  });

  it.each([
    [
      'itself',
      { 'recipe.yaml': 'extends: recipe.yaml' },
      /^recipe\.yaml:1:10: 'extends' forms a cycle: \S*recipe\.yaml -> \S*recipe\.yaml$/,
    ],
    [
      'in a cycle',
      { 'recipe.yaml': '\nextends: b.yaml', 'b.yaml': 'extends: ./recipe.yaml' },
      /^b\.yaml:1:10: .*cycle: \S*recipe\.yaml -> \S*b\.yaml -> \S*recipe\.yaml$/,
    ],
    [
      'a file that is not there',
      { 'recipe.yaml': 'extends: none.yaml' },
      /^recipe\.yaml:1:10: there is no recipe file none\.yaml$/,
    ],
    [
      'a name that is not there',
      { 'recipe.yaml': 'extends: v61-a9' },
      /^recipe\.yaml:1:10: there is no recipe 'v61-a9' .*did you mean 'v61-a8'\?$/,
    ],
    [
      'a name that no file can have',
      { 'recipe.yaml': 'extends: "a\\0.yaml"' },
      /^recipe\.yaml:1:10: there is no recipe file a\0\.yaml: no path can hold a NUL character$/,
    ],
    [
      'one after the other without end',
      Object.fromEntries(
        Array.from({ length: 40 }, (_, i) => [i ? `${i}.yaml` : 'recipe.yaml', `extends: ${i + 1}.yaml`]),
      ),
      /^31\.yaml:1:10: more than 32 recipes extend each other$/,
    ],
    [
      'a list',
      { 'recipe.yaml': 'extends: [v61]' },
      /^recipe\.yaml:1:10: 'extends' must be a recipe's name or file, found a list$/,
    ],
    [
      'a file that is not YAML',
      { 'recipe.yaml': 'extends: b.yaml', 'b.yaml': 'a: [' },
      /^b\.yaml:1:5: Flow sequence/,
    ],
    [
      'a file that is not a map',
      { 'recipe.yaml': 'extends: b.yaml', 'b.yaml': '3' },
      /^b\.yaml:1:1: a recipe must be a map, found 3$/,
    ],
  ])('a wrong extends is refused: %s', async (_, files, message) => {
    expect((await mistakes(folder(files)))[0]).toMatch(message);
  });
});
