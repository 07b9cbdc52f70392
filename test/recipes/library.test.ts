import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { describeModel } from '../../src/compose/describe.ts';
import { composeModel } from '../../src/compose/run.ts';
import { fillRecipe } from '../../src/recipes/fill.ts';
import { libraryNames } from '../../src/recipes/library.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { Blocks } from '../../src/runtime/blocks.ts';
import { DenseRows } from '../../src/runtime/rows.ts';
import { folder } from './helpers.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const recipes = ['src/recipes/library', 'examples'].flatMap((dir) =>
  readdirSync(join(root, dir), { recursive: true })
    .map((file) => join(dir, String(file)))
    .filter((file) => /\.ya?ml$/.test(file)),
);

describe.each(recipes)('%s', (file) => {
  it('a recipe of the library loads, composes and, where it is small, runs forward', async () => {
    const recipe = await loadRecipe(join(root, file));
    // Larger recipes have a debug form with the same layers.
    if (describeModel(recipe).parameters > 2_000_000) return;
    const model = composeModel(recipe, createReferenceBackend());
    const seqLen = 8;
    const rows = 2 * seqLen;
    const blocks = new Blocks(model, { rows, seqLen, training: false, targetCapacity: rows });
    const block = blocks.block(rows);
    const ids = Int32Array.from({ length: rows }, (_, i) => (i * 37) % model.vocab);
    const targets = Int32Array.from({ length: rows }, (_, i) => (i * 101) % model.vocab);
    block.load(new DenseRows(rows).of(ids, targets, rows));
    model.prepare();
    block.forward();
    block.loss();
    const loss = Array.from(block.nats.data).reduce((sum, n) => sum + n, 0) / rows;
    // First weights know nothing: near the entropy of a uniform guess, more where logits are large.
    expect(loss).toBeGreaterThan(0.7 * Math.log(model.vocab));
    expect(loss).toBeLessThan(4 * Math.log(model.vocab));
  });

  it('a filled recipe of the library fills to itself', async () => {
    const recipe = await loadRecipe(join(root, file));
    const text = fillRecipe(recipe);
    const again = await loadRecipe(join(folder({ 'recipe.yaml': text }), 'recipe.yaml'));
    expect(fillRecipe(again)).toBe(text);
    expect(describeModel(again)).toEqual(describeModel(recipe));
    expect(text).not.toContain('extends');
  });
});

// The committed schema knows the built-in layers, so what uses a plugin's can't be checked against it.
it.each(recipes.filter((file) => file.startsWith('src')))(
  '%s tells editors where its schema is',
  async (file) => {
    const [first] = (await readFile(join(root, file), 'utf8')).split('\n');
    const schema = /^# yaml-language-server: \$schema=(.+)$/.exec(first!)![1]!;
    await expect(readFile(join(root, file, '..', schema), 'utf8')).resolves.toContain('"FlashLM recipe"');
  },
);

it('the library has the documented recipes', () => {
  expect(libraryNames()).toEqual(expect.arrayContaining(['shift', 'v61', 'v61-a8', 'v61-debug']));
});

it('v61 is the published model', async () => {
  const recipe = await loadRecipe('v61');
  const { parameters, ternaryShare, tokenWise, layers } = describeModel(recipe);
  expect(parameters).toBe(1_082_496);
  expect(tokenWise).toBe(true);
  expect(ternaryShare * parameters).toBeCloseTo(6 * 2 * 192 * 384, 6);
  expect(layers.map(({ path }) => path).slice(0, 5)).toEqual([
    'embedding',
    'blocks.0.norm',
    'blocks.0.up',
    'blocks.0.silu',
    'blocks.0.down',
  ]);
  expect(layers.at(-1)).toMatchObject({
    path: 'tied_head',
    inCols: 192,
    outCols: 1024,
    parameters: 0,
    macs: 196_608,
  });
  const { store } = composeModel(recipe, createReferenceBackend());
  expect(store.count).toBe(parameters);
  expect(store.all.map(({ name }) => name).slice(0, 5)).toEqual([
    'embedding.weight',
    'blocks.0.norm.gain',
    'blocks.0.up.weight',
    'blocks.0.down.weight',
    'blocks.1.norm.gain',
  ]);
  const spec = ({ component: { type }, options }: typeof recipe.optimizer) => ({ type, ...options });
  expect(spec(recipe.optimizer)).toEqual({ type: 'sgd', lr: 0.01, momentum: 0.9, weight_decay: 0 });
  expect(recipe.schedule.options).toEqual({ warmup_steps: 100, min_lr: 0.001 });
  expect(recipe.train).toMatchObject({ epochs: 1, budget: '2h', clip: null });
  expect(recipe.data.batch * recipe.data.seq_len).toBe(65_536);
});

it('v61-a8 changes only activations, optimiser and rates', async () => {
  const [v61, a8] = [await loadRecipe('v61'), await loadRecipe('v61-a8')];
  const lines = (text: string) => text.split('\n').filter((line) => !/^(name|optimizer):/.test(line));
  const asV61 = fillRecipe(a8)
    .replaceAll('activations: int8', 'activations: ternary')
    .replace('0.0008', '0.001');
  expect(lines(asV61)).toEqual(lines(fillRecipe(v61)));
  expect(a8.optimizer.options).toEqual({ lr: 0.008, betas: [0.9, 0.95], eps: 1e-8, weight_decay: 0 });
  expect(a8.schedule.options).toEqual({ warmup_steps: 100, min_lr: 0.0008 });
});

it('the recipe shift mixes tokens', async () => {
  expect(describeModel(await loadRecipe('shift')).tokenWise).toBe(false);
});
