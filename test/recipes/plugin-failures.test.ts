import { describe, expect, it } from 'vitest';
import { describeModel } from '../../src/compose/describe.ts';
import { recipeTraining } from '../../src/compose/recipe-training.ts';
import { FlashError } from '../../src/core/errors.ts';
import { createBackend, parseBackend } from '../../src/recipes/create.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { Trainer } from '../../src/train/trainer.ts';
import { folder } from './helpers.ts';

/** One component of each kind, each of whose methods throws where `fails` names it. */
const plugin = (fails: string): string => `
import { component, z, createReferenceBackend, Parameter } from ${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)};
const at = (method) => { if (method === ${JSON.stringify(fails)}) throw new Error('boom'); };
class Broken {
  type = 'broken'; coupling = 'row'; keeps = { input: false, output: false }; macs = 0;
  constructor(path, cols) { this.path = path; this.inCols = cols; this.outCols = cols; at('constructor'); }
  *parameters() { at('parameters'); yield new Parameter(this.path + '.gain', 1, this.inCols, { constant: 1 }); }
  plan() { at('plan'); return null; }
  prepare() { at('prepare'); }
  forward(ctx, x, y) { at('forward'); y.data.set(x.data); }
  backward(ctx, x, y, dy, dx) { at('backward'); dx.data.set(dy.data); }
}
const nothing = z.strictObject({});
const throwing = z.strictObject({ a: z.int().default(1).refine(() => { at('schema'); return true; }, 'x') });
const only = { summary: 'Fails.', schema: nothing, examples: [{}] };
export default { name: 'broken', register(add) {
  at('register');
  add(component({ ...only, kind: 'layer', type: 'broken', schema: throwing, create: (_, { path, inCols }) => new Broken(path, inCols) }));
  add(component({ ...only, kind: 'layer', type: 'incomplete', create: (_, { path, inCols }) => Object.assign(new Broken(path, inCols), { keeps: undefined }) }));
  add(component({ ...only, kind: 'optimizer', type: 'broken_optimizer', create: () => { at('optimizer');
    return { type: 'broken_optimizer', lr: 1, plan() { at('plan of updates'); return { slots: [], scratch: [], update() { at('update'); } }; } }; } }));
  add(component({ ...only, kind: 'schedule', type: 'broken_schedule', create: () => { at('schedule');
    return { type: 'broken_schedule', warmupSteps: 0, rate() { at('rate'); return ${fails === 'rate is NaN' ? 'NaN' : '1'}; } }; } }));
  add(component({ ...only, kind: 'decorator', type: 'broken_decorator', create: () => { at('decorator');
    return (inner) => { at('decorate'); return { ...inner, kernels: { ...inner.kernels, add(...a) { at('add'); inner.kernels.add(...a); } } }; }; } }));
  add(component({ ...only, kind: 'backend', type: 'broken_backend', create: () => { at('backend');
    const inner = createReferenceBackend('f32');
    return { ...inner, name: 'broken', allocate(bytes) { at('allocate'); return inner.allocate(bytes); },
      kernels: { ...inner.kernels, activation(...a) { at('activation'); inner.kernels.activation(...a); } } }; } }));
} };
`;

const RECIPE = `
plugins: [./plugin.mjs]
model:
  - embedding: { vocab: 300, dim: 8 }
  - residual: [silu, broken: { name: culprit }]
  - tied_head
optimizer: broken_optimizer
schedule: broken_schedule
backend: broken_decorator(broken_backend)
train: { steps: 2 }
`;

/** Loads the recipe, builds its parts and trains a step, as every command does; the lines of what that ends with. */
async function failure(fails: string, recipe = RECIPE): Promise<string[]> {
  const dir = folder({ 'plugin.mjs': plugin(fails), 'recipe.yaml': recipe });
  try {
    const loaded = await loadRecipe(`${dir}/recipe.yaml`);
    describeModel(loaded);
    const backend = createBackend(loaded.backend, { threads: 1, notice: () => {} });
    const batches = {
      fill: (_: number, ids: Int32Array, targets: Int32Array) => void [ids.fill(1), targets.fill(2)],
    };
    const { parts, options } = recipeTraining(loaded, batches, 8)(backend, 'dense');
    await new Trainer(parts, { ...options, limits: { ...options.limits, steps: 2 } }).run();
  } catch (error) {
    if (!(error instanceof FlashError)) throw error;
    return error.lines().map((line) => line.replaceAll(`${dir}/`, ''));
  }
  return [];
}

describe('what a plugin throws', () => {
  it.each(['parameters', 'plan', 'prepare', 'forward', 'backward'])(
    "an error in %s of a plugin's layer names its layer and method",
    async (method) => {
      expect(await failure(method)).toEqual(['The layer failed: boom', `  at culprit (broken), ${method}`]);
    },
  );

  it.each([
    ['constructor', /^recipe\.yaml:5:\d+: making 'broken' failed: boom$/],
    ['schema', /^recipe\.yaml:5:\d+: the schema of 'broken' failed: boom$/],
    ['register', /^recipe\.yaml:2:\d+: plugin 'broken': register failed: boom/],
    ['optimizer', /^recipe\.yaml:7:\d+: making optimizer 'broken_optimizer' failed: boom$/],
    ['schedule', /^recipe\.yaml:8:\d+: making schedule 'broken_schedule' failed: boom$/],
    ['decorator', /^recipe\.yaml:9:\d+: making decorator 'broken_decorator' failed: boom$/],
    ['decorate', /^recipe\.yaml:9:\d+: making decorator 'broken_decorator' failed: boom$/],
    ['backend', /^recipe\.yaml:9:\d+: making backend 'broken_backend' failed: boom$/],
    ['plan of updates', /^The optimizer 'broken_optimizer' failed in plan: boom$/],
    ['update', /^The optimizer 'broken_optimizer' failed in update: boom$/],
    ['rate', /^The schedule 'broken_schedule' failed in rate: boom$/],
    ['rate is NaN', /^step 1: the schedule 'broken_schedule' gives a rate of NaN$/],
    ['allocate', /^The backend 'broken_backend' failed in allocate: boom$/],
  ])('an error in %s names its plugin part and place', async (fails, line) => {
    const lines = await failure(fails);
    expect(lines[0]).toMatch(line);
  });

  it.each([
    ['activation', "The backend 'broken_backend' failed in activation: boom", '  at silu (silu), forward'],
    ['add', "The decorator 'broken_decorator' failed in add: boom", '  at residual (residual), forward'],
  ])(
    "an error in a plugin's kernel %s names its part and the layer that called it",
    async (kernel, ...lines) => {
      expect(await failure(kernel)).toEqual(lines);
    },
  );

  it('a plugin without errors is reported nowhere', async () => {
    expect(await failure('')).toEqual([]);
  });
});

it("a plugin's layer that lacks a method is reported with the method", async () => {
  const [line] = await failure('', RECIPE.replace('broken: {', 'incomplete: {'));
  expect(line).toMatch(
    /^recipe\.yaml:5:\d+: making 'incomplete' failed: create gave no layer: 'keeps' is missing$/,
  );
});

it('a plugin part on the command line is named in errors as one in a recipe', async () => {
  const dir = folder({ 'plugin.mjs': plugin('decorate'), 'recipe.yaml': RECIPE });
  const { registry } = await loadRecipe(`${dir}/recipe.yaml`);
  const spec = parseBackend('broken_decorator(reference)', registry);
  expect(() => createBackend(spec, { threads: 1, notice: () => {} })).toThrow(
    "--backend broken_decorator(reference): making decorator 'broken_decorator' failed: boom",
  );
});

it("a plugin's decorator takes a word after the backend that it wraps", async () => {
  const counts = `export default { name: 'p', register: (add) => add({
    kind: 'decorator', type: 'counts', summary: 's', main: 'op', create: ({ op }) => (inner) => ({
      ...inner, kernels: inner.kernels, name: 'counts(' + inner.name + ', ' + op + ')' }),
    schema: SCHEMA, examples: [{ op: 'add' }],
  }) };`;
  const zod = `import { z } from '${import.meta.resolve('zod')}';\n`;
  const text = zod + counts.replace('SCHEMA', 'z.strictObject({ op: z.string() })');
  const dir = folder({ 'counts.mjs': text, 'recipe.yaml': `plugins: [./counts.mjs]\nextends: v61-debug\n` });
  const { registry } = await loadRecipe(`${dir}/recipe.yaml`);
  for (const name of ['counts(reference, rmsNorm)', 'checked(counts(reference, rmsNorm))']) {
    const backend = createBackend(parseBackend(name, registry), { threads: 1, notice: () => {} });
    expect(backend.name).toBe(name);
  }
});
