import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeModel } from '../../src/compose/describe.ts';
import { fillRecipe } from '../../src/recipes/fill.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { folder, mistakes, mistakesOf, VALID } from './helpers.ts';

const BLOCKS = `sizes: { ffn: 16 }
blocks:
  Ffn:
    parameters: { ffn: $ffn, rule: int8, act: silu, first: [rms_norm] }
    layers:
      - $first
      - ternary_linear: { name: up, out: $ffn, activations: $rule }
      - $act
      - ternary_linear: { name: down, out: 8 }
  Wrap:
    parameters: { inner: null }
    layers: [{ residual: $inner }]
`;
const MODEL = `model:
  - embedding: { vocab: 300, dim: 8 }
  - repeat: 2
    layers:
      - Wrap: { inner: [Ffn] }
      - residual: [{ Ffn: { name: second, ffn: 2*$ffn, rule: none, act: token_shift, first: [silu, silu] } }]
  - rms_norm
  - tied_head
`;
const TEXT = `name: blocks\n${BLOCKS}${MODEL}${VALID.slice(VALID.indexOf('tokenizer:'))}`;

const load = (text: string, ...set: string[]) =>
  loadRecipe(join(folder({ 'recipe.yaml': text }), 'recipe.yaml'), { set });
const layers = async (text: string, ...set: string[]) =>
  describeModel(await load(text, ...set)).layers.map(({ path, outCols }) => `${path} ${outCols}`);

describe('named blocks', () => {
  it('named blocks are replaced by their layers, with parameter values filled in and block names in the paths', async () => {
    expect((await layers(TEXT)).slice(1, 11)).toEqual([
      'blocks.0.Wrap.Ffn.rms_norm 8',
      'blocks.0.Wrap.Ffn.up 16',
      'blocks.0.Wrap.Ffn.silu 16',
      'blocks.0.Wrap.Ffn.down 8',
      'blocks.0.second.silu 8',
      'blocks.0.second.silu_2 8',
      'blocks.0.second.up 32',
      'blocks.0.second.token_shift 32',
      'blocks.0.second.down 8',
      'blocks.1.Wrap.Ffn.rms_norm 8',
    ]);
  });

  it('--set changes the layers, defaults and uses of named blocks', async () => {
    const up = async (...set: string[]) =>
      (await layers(TEXT, ...set)).filter((layer) => /^blocks.0.*up/.test(layer)).map((l) => l.split(' ')[1]);
    expect(await up()).toEqual(['16', '32']);
    expect(await up('sizes.ffn=20')).toEqual(['20', '40']);
    expect(await up('blocks.Ffn.parameters.ffn=24')).toEqual(['24', '32']);
    expect(await up('blocks.Ffn.layers.1.ternary_linear.out=3*$ffn')).toEqual(['48', '96']);
    expect(await up('model.1.layers.1.residual.0.Ffn.ffn=5')).toEqual(['16', '5']);
  });

  it('a filled recipe has the layers of named blocks, and fills to itself', async () => {
    const recipe = await load(TEXT);
    const filled = fillRecipe(recipe);
    expect(filled).not.toMatch(/\$|^blocks:|^sizes:/m);
    expect(filled).toMatch(
      /name: up\n +out: 16\n +weights: absmean\n +scale: tensor\n.*\n +activations: int8\n/,
    );
    const again = await load(filled);
    expect(fillRecipe(again)).toBe(filled);
    expect(describeModel(again).layers).toEqual(describeModel(recipe).layers);
  });

  it('named blocks of an extended recipe can be used and changed', async () => {
    const dir = folder({
      'base.yaml': TEXT,
      'recipe.yaml': 'extends: base.yaml\nblocks: { Ffn: { parameters: { act: rms_norm } } }\n',
    });
    const { layers } = describeModel(await loadRecipe(join(dir, 'recipe.yaml')));
    expect(layers[3]!.path).toBe('blocks.0.Wrap.Ffn.rms_norm_2');
    expect(await mistakes(dir, 'base.yaml')).toEqual([]);
  });

  it('a named block may be used inside an argument of the same block', async () => {
    const text = TEXT.replace('inner: [Ffn]', 'inner: [{ Wrap: { inner: [Ffn] } }]');
    expect((await layers(text))[1]).toBe('blocks.0.Wrap.Wrap.Ffn.rms_norm 8');
  });

  it('formulas in named blocks use the columns and the index of the place of use', async () => {
    const text = TEXT.replace('inner: [Ffn]', 'inner: [{ Ffn: { ffn: 2x+8*$index } }]');
    const up = (await layers(text)).filter((layer) => /Wrap.Ffn.up/.test(layer));
    expect(up).toEqual(['blocks.0.Wrap.Ffn.up 16', 'blocks.1.Wrap.Ffn.up 24']);
  });

  // The mark § is where the mistake must be reported; it is not part of the recipe.
  it.each([
    ['an unknown block', 'inner: [Ffn]', 'inner: [§Fnn]', "unknown block 'Fnn'; did you mean 'Ffn'?"],
    [
      'an unknown parameter',
      '{ inner: [Ffn] }',
      '{ inner: [Ffn], §iner: 3 }',
      "unknown key 'iner' in Wrap; did you mean 'inner'?",
    ],
    ['a missing value', '- Wrap: { inner: [Ffn] }', '- Wrap: §{}', "'inner' is missing in Wrap"],
    [
      'a value of the wrong kind',
      'rule: none',
      'rule: §nine',
      "'activations' must be ternary, ternary-mse, int8 or none, found 'nine'; did you mean 'none'?",
    ],
    ['a number of the wrong size', 'ffn: 2*$ffn', 'ffn: §0', "'out' must be at least 1, found 0"],
    [
      'a text in a formula',
      'out: $ffn,',
      'out: §2*$act,',
      "the formula '2*silu' has 'silu' where a number or a name is expected",
    ],
    ['a name that is no parameter', 'out: $ffn,', 'out: §$fnn,', "unknown size '$fnn'; did you mean '$ffn'?"],
    ['a layer that is none', '- $act', '- §$atc', "unknown parameter '$atc'; did you mean '$act'?"],
    [
      'options beside the name',
      '- Wrap: { inner: [Ffn] }',
      '- Wrap: { inner: [Ffn] }\n        §name: x',
      "'name' is next to 'Wrap': an entry is one layer, and its options go inside it",
    ],
    [
      'no list of layers',
      '    layers: [{ residual: $inner }]',
      '    §layer: [silu]',
      "unknown key 'layer' in blocks.Wrap; did you mean 'layers'?",
    ],
    [
      'a name like a layer',
      '  Wrap:',
      '  §wrap:',
      "a block's name is a capital letter, then letters, digits and _, found 'wrap'",
    ],
    [
      'a reserved parameter',
      '{ inner: null }',
      '{ inner: null, §name: 3 }',
      "'name' can't be the name of a parameter",
    ],
    ['a block at the top', '  - rms_norm\n', '  - Ffn: §3\n', 'the options of Ffn must be a map, found 3'],
    ['blocks that are a list', 'blocks:\n', 'blocks: §[]\nother:\n', "'blocks' must be a map, found a list"],
  ])('a wrong use of named blocks is reported with its place: %s', async (_, from, to, message) => {
    expect(TEXT).toContain(from);
    const text = TEXT.replace(from, to);
    const before = text.slice(0, text.indexOf('§')).split('\n');
    const found = await mistakesOf(text.replace('§', ''));
    const column = before.at(-1)!.length + 1;
    expect(found).toContain(`recipe.yaml:${before.length}:${column}: ${message}`);
  });

  it('a cycle of named blocks is refused, once', async () => {
    const cycle = TEXT.replace('first: [rms_norm]', 'first: [{ Wrap: { inner: [silu] } }]').replace(
      'residual: $inner',
      'residual: [Ffn]',
    );
    expect(await mistakesOf(cycle)).toEqual(['recipe.yaml:4:3: blocks form a cycle: Ffn -> Wrap -> Ffn']);
  });

  it('named blocks that double at each use end in an error, not in running out of memory', async () => {
    const names = [...'ABCDEFGHIJKLMNOPQRS'];
    const doubling = names.map(
      (name, i) => `  ${name}: { layers: [${names[i + 1] ?? 'silu'}, ${names[i + 1] ?? 'silu'}] }`,
    );
    const text = VALID.replace('model:', `blocks:\n${doubling.join('\n')}\nmodel:`).replace(
      '- rms_norm: { gain: false }',
      '- A',
    );
    expect((await mistakesOf(text)).at(-1)).toContain(
      'the blocks expand the recipe to more than 20,000 layers',
    );
  });
});

describe('a list in a list of layers', () => {
  it('a list inside a list of layers is a sequence', async () => {
    const text = VALID.replace('- rms_norm: { gain: false }', '- [silu, [rms_norm, silu]]');
    expect((await layers(text)).slice(-4)).toEqual(['silu 8', 'rms_norm 8', 'silu_2 8', 'tied_head 300']);
    expect(fillRecipe(await load(text))).toContain('- sequence:\n      - silu\n      - sequence:');
  });
});
