import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fingerprint } from '../../src/app/fingerprint.ts';
import { describeModel } from '../../src/compose/describe.ts';
import { fillRecipe } from '../../src/recipes/fill.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { folder, mistakes, mistakesOf, VALID } from './helpers.ts';

/** VALID with its widths named. */
const SIZED = VALID.replace('dim: 8', 'dim: $d')
  .replace('out: 16', 'out: $ffn')
  .replace('out: 8', 'out: 0.5x')
  .replace('model:', 'sizes: { d: 8, ffn: 2*$d }\nmodel:');

const load = (text: string, ...set: string[]) =>
  loadRecipe(join(folder({ 'recipe.yaml': text }), 'recipe.yaml'), { set });
const widths = async (text: string, ...set: string[]) =>
  describeModel(await load(text, ...set)).layers.map(({ inCols, outCols }) => `${inCols}-${outCols}`);

describe('named sizes', () => {
  it('named sizes make the same recipe as numbers in their places, with the same fingerprint', async () => {
    const named = await load(SIZED);
    const plain = await load(VALID);
    expect(await widths(SIZED)).toEqual(await widths(VALID));
    expect(named.sizes).toEqual({ d: 8, ffn: 16 });
    expect(fillRecipe(named).replace('out: 0.5x', 'out: 8')).toBe(fillRecipe(plain));
    expect(fingerprint(await load(SIZED.replace('0.5x', '$d')))).toBe(fingerprint(plain));
  });

  it('one named size widens a model, from the command line or in a recipe that extends another', async () => {
    const wide = ['1-12', '12-12', '12-24', '24-24', '24-12'];
    expect((await widths(SIZED, 'sizes.d=12')).slice(0, 5)).toEqual(wide);
    expect((await widths(SIZED.replace('0.5x', '$d'), 'sizes.ffn=3*$d')).slice(2, 4)).toEqual([
      '8-24',
      '24-24',
    ]);
    const dir = folder({ 'base.yaml': SIZED, 'recipe.yaml': 'extends: base.yaml\nsizes: { d: 12 }\n' });
    const extended = await loadRecipe(join(dir, 'recipe.yaml'));
    expect(
      describeModel(extended)
        .layers.slice(0, 5)
        .map((l) => `${l.inCols}-${l.outCols}`),
    ).toEqual(wide);
  });

  it('named sizes work wherever a number does, outside the model too', async () => {
    const text = SIZED.replace('vocab: 300, dim', 'vocab: $v, dim')
      .replace('vocab: 300 }', 'vocab: $v }')
      .replace('repeat: 2', 'repeat: $n')
      .replace('gain: false', 'gain: false, eps: 1/$v')
      .replace('batch: 4', 'batch: $n*2')
      .replace('steps: 20', 'steps: 10*$n')
      .replace('sizes: {', 'sizes: { v: 300, n: 2,');
    const recipe = await load(text);
    expect(recipe.data.batch).toBe(4);
    expect(recipe.train.steps).toBe(20);
    expect(recipe.tokenizer).toEqual({ type: 'byte_bpe', vocab: 300 });
    expect(fillRecipe(recipe)).toContain(`eps: ${1 / 300}`);
    expect(await widths(text)).toEqual(await widths(VALID));
  });

  it('texts that only look like named sizes are not changed', async () => {
    const recipe = await load(
      `${SIZED}sample: { prompt: It cost $d or 2x }\n`.replace('name: small', 'name: $d'),
    );
    expect([recipe.name, recipe.sample.prompt]).toEqual(['$d', 'It cost $d or 2x']);
  });

  // The mark § is where the mistake must be reported; it is not part of the recipe.
  it.each([
    ['an unknown name', 'out: $ffn', 'out: §$fnn', "unknown size '$fnn'; did you mean '$ffn'?"],
    [
      'a name near to none',
      'out: $ffn',
      'out: §2*$hidden',
      "unknown size '$hidden' in '2*$hidden', expected $d, $ffn, $index, $times",
    ],
    [
      'a name near to none outside the model',
      'batch: 4',
      'batch: §$hidden',
      "unknown size '$hidden', expected $d, $ffn",
    ],
    ['a fraction', 'dim: $d', 'dim: §$d/3', "'dim' must be a whole number, found 2.6666666666666665 ($d/3)"],
    [
      'a fraction of the columns',
      'out: 0.5x',
      'out: §0.3x',
      "'out' must be a whole number, found 4.8 (0.3x)",
    ],
    ['a width of 0', 'out: 0.5x', 'out: §0x', "'out' must be at least 1, found 0 (0x)"],
    ['a formula that is none', 'dim: $d', 'dim: §2*', "the formula '2*' ends too early"],
    ['a division by 0', 'dim: $d', 'dim: §$d/($d-8)', "the formula '$d/($d-8)' divides by 0"],
    [
      'columns where none come in',
      'dim: $d',
      'dim: §2x',
      "'2x' is a multiple of the columns that come in, which only layers have",
    ],
    [
      'columns outside the model',
      'batch: 4',
      'batch: §2x',
      "'2x' is a multiple of the columns that come in, which only layers have",
    ],
    [
      'an index outside repeat',
      'gain: false',
      'eps: §1/$times',
      "'$times' has a value only in the layers of a 'repeat'",
    ],
    [
      'an index outside the model',
      'batch: 4',
      'batch: §$index',
      "'$index' has a value only in the layers of a 'repeat'",
    ],
    ['a size of 0', '{ d: 8,', '{ d: §0,', "'sizes.d' must be at least 1, found 0"],
    ['a size that is no number', '{ d: 8,', '{ d: §wide,', "'sizes.d' must be a number, found 'wide'"],
    [
      'a size that is a fraction',
      'ffn: 2*$d',
      'ffn: §$d/3',
      "'sizes.ffn' must be a whole number, found 2.6666666666666665 ($d/3)",
    ],
    [
      'a size with a reserved name',
      '{ d: 8,',
      '{ §index: 2, d: 8,',
      "'index' can't be the name of a size: it has a meaning already",
    ],
    [
      'a size of an unknown one',
      'ffn: 2*$d',
      'ffn: §2*$e',
      "unknown size '$e' in '2*$e'; did you mean '$d'?",
    ],
    ['sizes in a cycle', '{ d: 8,', '{ d: §$ffn,', 'sizes form a cycle: $d -> $ffn -> $d'],
    ['a size that nothing uses', '{ d: 8,', '{ d: 8, e: §8,', "nothing uses the size 'e'; did you mean 'd'?"],
    ['sizes that are a list', '{ d: 8, ffn: 2*$d }', '§[8]', "'sizes' must be a map, found a list"],
  ])('a wrong named size is reported with its place: %s', async (_, from, to, message) => {
    expect(SIZED).toContain(from);
    const text = SIZED.replace(from, to);
    const before = text.slice(0, text.indexOf('§')).split('\n');
    const found = await mistakesOf(text.replace('§', ''));
    expect(found).toContain(`recipe.yaml:${before.length}:${before.at(-1)!.length + 1}: ${message}`);
  });

  it.each([
    ['{ d: 8,', '{ d: wide,', "2:13: 'sizes.d' must be a number, found 'wide'"],
    ['{ d: 8,', '{ d: 0,', "2:13: 'sizes.d' must be at least 1, found 0"],
    ['ffn: 2*$d', 'ffn: 2*', "2:21: the formula '2*' ends too early"],
    ['ffn: 2*$d', 'ffn: 2*$e', "2:21: unknown size '$e' in '2*$e'; did you mean '$d'?"],
    ['{ d: 8,', '{ d: $ffn,', '2:13: sizes form a cycle: $d -> $ffn -> $d'],
  ])('a wrong size is one mistake, wherever the size is used: %s -> %s', async (from, to, mistake) => {
    expect(await mistakesOf(SIZED.replace(from, to))).toEqual([`recipe.yaml:${mistake}`]);
  });

  it('a --set of an unknown size, or of a recipe without sizes, is refused', async () => {
    expect(await mistakesOf(SIZED, { set: ['sizes.fn=12'] })).toEqual([
      "--set sizes.fn=12: nothing uses the size 'fn'; did you mean 'ffn'?",
    ]);
    const dir = folder({ 'recipe.yaml': fillRecipe(await load(SIZED)) });
    expect(await mistakes(dir, 'recipe.yaml', { set: ['sizes.d=12'] })).toEqual([
      "--set sizes.d=12: nothing uses the size 'd' (a filled recipe, such as that of a run, has numbers in place of its sizes)",
    ]);
  });

  it('an inherited size that is no longer used is not an error', async () => {
    const dir = folder({
      'base.yaml': SIZED,
      'recipe.yaml': `extends: base.yaml\n${VALID.slice(VALID.indexOf('model:'))}`,
    });
    expect(await mistakes(dir)).toEqual([]);
  });
});

describe('$index and $times', () => {
  const BOUND = `import { z } from ${JSON.stringify(import.meta.resolve('zod'))};
export const seen = globalThis.flashlmSeen = [];
export default { name: 'p', register(add) {
  add({ kind: 'layer', type: 'bound', summary: 'x', examples: [{ at: 0.5 }],
    schema: z.strictObject({ at: z.number().min(0).max(1), deep: z.strictObject({ n: z.array(z.int()) }).optional() }),
    create: (options, { path, inCols }) => (seen.push([path, options]), { path, type: 'bound', inCols, outCols: inCols, coupling: 'row',
      keeps: { input: false, output: false }, macs: 0, parameters: () => [], plan: () => null,
      forward() {}, backward() {} }) });
} };\n`;
  const using = (options: string) =>
    `${VALID}plugins: [p.mjs]\n`.replace('- silu', `- bound: ${options}`).replace('repeat: 2', 'repeat: 3');

  it("$index and $times give each layer of a 'repeat' its position, in a plugin's layer too", async () => {
    const dir = folder({
      'p.mjs': BOUND,
      'recipe.yaml': using('{ at: 0.9*$index/($times-1), deep: { n: [$index, 2x] } }'),
    });
    const recipe = await loadRecipe(join(dir, 'recipe.yaml'));
    const seen = (globalThis as unknown as { flashlmSeen: [string, object][] }).flashlmSeen;
    expect(seen).toEqual([
      ['blocks.0.bound', { at: 0, deep: { n: [0, 32] } }],
      ['blocks.1.bound', { at: 0.45, deep: { n: [1, 32] } }],
      ['blocks.2.bound', { at: 0.9, deep: { n: [2, 32] } }],
    ]);
    const filled = fillRecipe(recipe);
    expect(filled).toContain('at: 0.9*$index/($times-1)');
    const again = await loadRecipe(join(folder({ 'recipe.yaml': filled }), 'recipe.yaml'));
    expect(fillRecipe(again)).toBe(filled);
  });

  it('$index that makes an option invalid is reported at its place, beside other errors', async () => {
    const dir = folder({ 'p.mjs': BOUND, 'recipe.yaml': using('{ at: $index }') });
    expect(await mistakes(dir)).toEqual(["recipe.yaml:9:26: 'at' must be at most 1, found 2 ($index)"]);
    const zero = folder({ 'p.mjs': BOUND, 'recipe.yaml': using('{ at: $index/($times-3), att: 1 }') });
    expect(await mistakes(zero)).toEqual([
      "recipe.yaml:9:45: unknown key 'att' in bound; did you mean 'at'?",
    ]);
  });
});
