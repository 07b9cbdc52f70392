import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RecipeError } from '../../src/recipes/errors.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { folder, mistakes, mistakesOf, VALID } from './helpers.ts';

const change = (from: string, to: string) => {
  expect(VALID).toContain(from);
  return VALID.replace(from, to);
};

describe('mistakes in a recipe', () => {
  it('a valid recipe has no errors', async () => {
    expect(await mistakesOf(VALID)).toEqual([]);
  });

  it('all errors of a recipe are reported at once, with their places', async () => {
    const text = VALID.replace('rms_norm: { name', 'rms_nrom: { name')
      .replace('momentum: 0.9', 'momentun: 0.9')
      .replace('seq_len: 16', 'seq_len: -16');
    expect(await mistakesOf(text)).toEqual([
      "recipe.yaml:7:13: unknown layer 'rms_nrom'; did you mean 'rms_norm'?",
      "recipe.yaml:14:34: 'data.seq_len' must be at least 1, found -16",
      "recipe.yaml:15:35: unknown key 'momentun' in sgd; did you mean 'momentum'?",
    ]);
  });

  it('errors of one value and errors of several values together are reported at once', async () => {
    const text = VALID.replace('name: down, out: 8', 'name: down, out: 9')
      .replace('train: { steps: 20 }', 'train: {}')
      .replace('vocab: 300 }\ndata', 'vocab: 301 }\ndata')
      .replace('backend: reference', 'backend: refrence')
      .replace('lr: 0.01', 'lr: fast');
    expect(await mistakesOf(text)).toEqual([
      'recipe.yaml:6:9: 8 columns go into residual and its layers give 9; both must be the same',
      "recipe.yaml:15:29: 'lr' must be a number, found 'fast'",
      'recipe.yaml:17:8: the run would never end: set epochs, steps, tokens or budget in train',
      "recipe.yaml:18:10: unknown backend 'refrence'; did you mean 'reference'?",
    ]);
  });

  it('errors in the YAML and in its meaning are reported at once', async () => {
    const text = VALID.replace('steps: 20', 'steps: 20, steps: 30, budget: !time 2')
      .replace('seq_len: 16', 'seq_len: -16')
      .replace('out: 16', 'otu: 16');
    expect(await mistakesOf(text)).toEqual([
      "recipe.yaml:8:41: unknown key 'otu' in ternary_linear; did you mean 'out'?",
      "recipe.yaml:14:34: 'data.seq_len' must be at least 1, found -16",
      "recipe.yaml:17:21: duplicate key 'steps'; the first is on line 17",
      'recipe.yaml:17:46: tags are not used in recipes, found !time',
    ]);
  });

  it('errors in a recipe and in the YAML of the one that it extends are reported at once', async () => {
    const dir = folder({
      'base.yaml': VALID.replace('steps: 20', 'steps: 20, steps: 21'),
      'recipe.yaml': 'extends: base.yaml\ndata: { batchx: 3 }\n',
    });
    expect(await mistakes(dir)).toEqual([
      "base.yaml:17:21: duplicate key 'steps'; the first is on line 17",
      "recipe.yaml:2:9: unknown key 'batchx' in 'data'; did you mean 'batch'?",
    ]);
  });

  it('a tab is one error, without errors that follow from it', async () => {
    const text = 'extends: v61\nmodel:\n\t- embedding: { vocab: 300, dim: 32 }\n  - tied_head\n';
    expect(await mistakesOf(text)).toEqual([
      'recipe.yaml:3:1: this line is indented by a tab; YAML is indented by spaces',
    ]);
  });

  it('names that a broken plugin would have added are not reported as unknown', async () => {
    const text = VALID.replace('- rms_norm: { gain: false }', '- my_layer')
      .replace('seq_len: 16', 'seq_len: -16')
      .replace('backend: reference', 'backend: { type: reference, wrap: [mine] }\nplugins: [./none.mjs]');
    expect(await mistakesOf(text)).toEqual([
      "recipe.yaml:14:34: 'data.seq_len' must be at least 1, found -16",
      expect.stringMatching(/^recipe\.yaml:19:11: there is no plugin .*none\.mjs$/),
    ]);
  });

  it('errors of an inherited tokenizer are reported at the place that it comes from', async () => {
    const text =
      'extends: v61\nmodel:\n  - embedding: { vocab: 300, dim: 32 }\n  - rms_norm\n  - tied_head\n';
    const [line, ...more] = await mistakesOf(text);
    expect(more).toEqual([]);
    expect(line).toMatch(
      /^recipe\.yaml:3:25: the model has 300 tokens and its tokenizer 1024, which \S*v61\.yaml:15:\d+ says: set tokenizer\.vocab too, to 300 at most$/,
    );
    expect(await mistakesOf(text, { set: ['tokenizer.vocab=300'] })).toEqual([]);
  });

  it('errors are reported even if nothing else is left of the model', async () => {
    const text = VALID.replace(/- repeat[\s\S]*tied_head/, '- nothing');
    expect(await mistakesOf(text)).toEqual([expect.stringContaining("unknown layer 'nothing'")]);
    expect(await mistakesOf(VALID.replace(/- repeat[\s\S]*tied_head/, '-'))).toHaveLength(1);
  });

  // The mark § is where the mistake must be reported; it is not part of the recipe.
  it.each([
    [
      'a missing option',
      'ternary_linear: { name: up, out: 16 }',
      'ternary_linear: §{ name: up }',
      "'out' is missing in ternary_linear",
    ],
    [
      'a missing section',
      'optimizer: { type: sgd, lr: 0.01, momentum: 0.9 }\n',
      '',
      "'optimizer' is missing in the recipe",
    ],
    [
      'a bare name that needs options',
      'ternary_linear: { name: up, out: 16 }',
      '§ternary_linear',
      "'out' is missing in ternary_linear",
    ],
    ['dim 0', 'dim: 8', 'dim: §0', "'dim' must be at least 1, found 0"],
    ['a fraction', 'dim: 8', 'dim: §8.5', "'dim' must be a whole number, found 8.5"],
    [
      'a number too large',
      'dim: 8',
      'dim: §3000000000',
      "'dim' must be at most 2147483647, found 3000000000",
    ],
    [
      'a map where a main option is',
      'ternary_linear: { name: up, out: 16 }',
      'attention: §{ heads: 1, rope: false, qk_norm: $q }',
      "'attention' is followed by its heads, and other options are beside it: write { attention: 1, rope: false, qk_norm: $q }",
    ],
    [
      'a map without the main option',
      'ternary_linear: { name: up, out: 16 }',
      'attention: §{ head: 1 }',
      "'attention' is followed by its heads, and other options are beside it: write { attention: ..., head: 1 }",
    ],
    ['repeat 0', 'repeat: 2', 'repeat: §0', "'repeat' must be at least 1, found 0"],
    [
      'an empty list',
      'backend: reference',
      'backend: reference\nplugins: §7',
      "'plugins' must be a list, found 7",
    ],
    ['infinity', 'lr: 0.01', 'lr: §.inf', "'lr' must be a number, found Infinity"],
    [
      'an unknown choice',
      'out: 16',
      'out: 16, weights: §absmeen',
      "'weights' must be absmean, absmedian or learned, found 'absmeen'; did you mean 'absmean'?",
    ],
    [
      'a union',
      'dim: 8',
      'dim: 8, init: { §norml: 1 }',
      "unknown key 'norml' in 'init'; did you mean 'normal'?",
    ],
    [
      'a union of a number and a word',
      'steps: 20',
      'steps: 20, threads: §many',
      "'train.threads' must be auto or a number, found 'many'",
    ],
    ['a time without its unit', 'steps: 20', 'budget: §20', "'train.budget' must be text, found 20"],
    [
      'a time with a strange unit',
      'steps: 20',
      'budget: §2d',
      "'train.budget' has the wrong form: expected a duration such as 2h, 90m or 45s, found '2d'",
    ],
    [
      'two layers in one entry',
      '- rms_norm: { gain: false }',
      '- { rms_norm: { gain: false }, §silu: }',
      "'silu' is next to 'rms_norm': an entry is one layer, and its options go inside it",
    ],
    [
      'columns that cannot be halved',
      'out: 16 }\n          - silu',
      'out: 15 }\n          - gated: §silu',
      '15 columns come in, but gated needs an even number to halve',
    ],
    [
      'options that are not a map',
      'rms_norm: { gain: false }',
      'rms_norm: §false',
      'the options of rms_norm must be a map, found false',
    ],
    [
      'a number for a layer',
      '- rms_norm: { gain: false }',
      '- §7',
      'an entry must be the name of a layer or a map from it, found 7',
    ],
    [
      'a wrong name for a layer',
      '{ name: norm }',
      '{ name: §a.b }',
      "'name' has the wrong form: expected letters, digits and _, found 'a.b'",
    ],
    [
      'a main option given twice',
      'repeat: 2',
      'repeat: 2\n    §times: 3',
      "'times' is what follows 'repeat:'",
    ],
    [
      'an input layer inside',
      '          - silu\n',
      '          - §embedding: { vocab: 3, dim: 3 }\n',
      "'embedding' is an input, which can't be in residual",
    ],
    [
      'no input layer',
      '  - embedding: { vocab: 300, dim: 8 }\n  - repeat',
      '  - §repeat',
      "the model must begin with an input layer such as embedding, found 'repeat'",
    ],
    [
      'an input layer further down',
      '  - rms_norm: { gain: false }',
      '  - §embedding: { vocab: 300, dim: 8 }',
      "'embedding' can only be the first entry of the model",
    ],
    [
      'no objective',
      '  - rms_norm: { gain: false }\n  - tied_head\n',
      '  - §rms_norm: { gain: false }\n',
      "the model must end with an objective such as tied_head, found 'rms_norm'",
    ],
    [
      'an objective too early',
      '  - rms_norm: { gain: false }',
      '  - §tied_head',
      "'tied_head' can only be the last entry of the model",
    ],
    [
      'another width at the head',
      '  - rms_norm: { gain: false }\n  - ',
      '  - ternary_linear: { out: 9 }\n  - §',
      '9 columns come in, but the embedding it is tied to has dim 8',
    ],
    [
      'a block that changes the width',
      '  - rms_norm: { gain: false }',
      '  - { repeat: 2, §layers: [{ ternary_linear: { out: 4 } }] }',
      '8 columns go into repeat and its layers give 4; both must be the same',
    ],
    [
      'another vocabulary',
      'type: byte_bpe, vocab: 300',
      'type: byte_bpe, vocab: §400',
      'the tokenizer has 400 tokens (tokenizer.vocab) and the model 300; the model must have at least as many',
    ],
    [
      'a schedule over a limit that is not set',
      'type: cosine',
      'type: cosine, over: §time',
      'the schedule goes over time, but train.budget is not set',
    ],
    ['no type', '{ type: sgd, ', '§{ ', "'type' is missing in the optimizer: adamw, groups, lion, muon, sgd"],
    [
      'an unknown decorator',
      'backend: reference',
      'backend: §checkd(native)',
      "unknown decorator 'checkd'; did you mean 'checked'?",
    ],
    [
      'half a backend',
      'backend: reference',
      'backend: §checked(native',
      "the backend 'checked(native' is not well formed: ')' is missing",
    ],
    [
      'an option of a backend',
      'backend: reference',
      'backend: §reference:f16',
      "'reference' must be f32 or f64, found 'f16'",
    ],
    [
      'a key that is not text',
      'train: { steps: 20 }',
      'train: { steps: 20, §[a]: 1 }',
      'a key must be plain text',
    ],
    [
      'the same key twice',
      'train: { steps: 20 }',
      'train: { steps: 20, §steps: 30 }',
      "duplicate key 'steps'; the first is on line 17",
    ],
    [
      'half a list',
      'train: { steps: 20 }',
      'train: { steps: [20 §}',
      'Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    [
      'a tag',
      'train: { steps: 20 }',
      'train: !!map §{ steps: 20 }',
      'tags are not used in recipes, found tag:yaml.org,2002:map',
    ],
    [
      'an alias of nothing',
      'train: { steps: 20 }',
      'train: { steps: §*twenty }',
      "there is no anchor '&twenty' above",
    ],
    [
      'a second document',
      'backend: reference',
      'backend: reference\n§---\nx: 1',
      'a second document begins; a recipe is one',
    ],
  ])('a wrong recipe is reported with its place: %s', async (_, from, to, message) => {
    const marked = change(from, to);
    const before = marked.split('§')[0]!.split('\n');
    const place = marked.includes('§') ? `${before.length}:${before.at(-1)!.length + 1}` : '1:1';
    expect((await mistakesOf(marked.replace('§', '')))[0]).toBe(`recipe.yaml:${place}: ${message}`);
  });

  it('a wrong layer is reported once, without errors that follow from it', async () => {
    const text = change('ternary_linear: { name: up, out: 16 }', 'ternary_linear: { name: up, otu: 16 }');
    expect(await mistakesOf(text)).toEqual([
      "recipe.yaml:8:41: unknown key 'otu' in ternary_linear; did you mean 'out'?",
    ]);
  });

  it('the number of reported errors is limited', async () => {
    const keys = Array.from({ length: 500 }, (_, i) => `key${i}: 1\n`).join('');
    const lines = await mistakesOf(VALID + keys);
    expect(lines).toHaveLength(21);
    expect(lines.at(-1)).toBe('and 480 more');
  });

  it('a recipe must be a map', async () => {
    expect(await mistakesOf('- v61\n')).toEqual(['recipe.yaml:1:1: a recipe must be a map, found a list']);
    expect(await mistakesOf('')).toEqual(['recipe.yaml:1:1: a recipe must be a map, found nothing']);
  });

  it('a RecipeError carries its issues', async () => {
    const file = join(folder({ 'recipe.yaml': change('lr: 0.01', 'lr: 0') }), 'recipe.yaml');
    const error = await loadRecipe(file).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(RecipeError);
    expect((error as RecipeError).issues).toHaveLength(1);
    expect((error as RecipeError).issues[0]!.place).toMatchObject({ line: 15, column: 29 });
  });
});

describe('a name that leads to no recipe', () => {
  it('a name that is not a recipe is reported with the names there are', async () => {
    await expect(loadRecipe('v61-a9')).rejects.toThrow(
      /^there is no recipe 'v61-a9' in the library \(.*v61.*\), nor a file of this name; did you mean 'v61-a8'\?$/,
    );
  });

  it('a path that is not a recipe is reported as missing or as not a file', async () => {
    const dir = folder({ 'sub/x.txt': '' });
    await expect(loadRecipe(join(dir, 'none.yaml'))).rejects.toThrow(/there is no recipe file .*none\.yaml/);
    await expect(loadRecipe(join(dir, 'sub'))).rejects.toThrow(/can't be a recipe: it is a folder/);
  });
});
