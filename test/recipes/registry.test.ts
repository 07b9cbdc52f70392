import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { describeModel } from '../../src/compose/describe.ts';
import { type Component, component, KINDS } from '../../src/core/component.ts';
import { layerList } from '../../src/core/slots.ts';
import { Activation } from '../../src/layers/activation.ts';
import { createRegistry } from '../../src/recipes/builtins.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { loadPlugins } from '../../src/recipes/plugins.ts';
import { type Plugin, Registry } from '../../src/recipes/registry.ts';
import { fullSchema } from '../../src/recipes/schema.ts';
import { folder, mistakes, VALID } from './helpers.ts';

const twice = component({
  kind: 'layer',
  type: 'twice',
  summary: 'SiLU.',
  schema: z.strictObject({ factor: z.number().default(2) }),
  examples: [{}],
  create: (_, { path, inCols }) => new Activation(path, inCols, 'silu'),
});
const plugin = (name: string, ...components: readonly unknown[]): Plugin => ({
  name,
  register(add) {
    for (const c of components) add(c as Component);
  },
});

describe('the registry', () => {
  it('the registry has the built-in components, each with a summary and valid examples', () => {
    const registry = createRegistry();
    expect(registry.types('layer')).toEqual(
      expect.arrayContaining(['rms_norm', 'ternary_linear', 'silu', 'token_shift', 'residual', 'repeat']),
    );
    expect(registry.types('input', 'objective', 'optimizer', 'schedule', 'backend')).toEqual(
      expect.arrayContaining([
        'embedding',
        'tied_head',
        'sgd',
        'adamw',
        'constant',
        'linear',
        'cosine',
        'native',
        'reference',
      ]),
    );
    for (const c of registry.all(...KINDS)) {
      expect(c.summary, c.type).toMatch(/^\S.*\.$/);
      for (const example of c.examples) expect(() => fullSchema(c).parse(example)).not.toThrow();
      for (const [key, option] of Object.entries(c.schema.shape)) {
        expect((option as z.ZodType).description, `${c.type}.${key}`).toBeTruthy();
      }
    }
  });

  it('the registry refuses a name twice, naming both plugins', () => {
    const registry = createRegistry();
    registry.use(plugin('first', twice));
    expect(() => registry.use(plugin('second', twice))).toThrow(
      "plugin 'second': the layer 'twice' is already registered by plugin 'first'",
    );
    expect(() => registry.use(plugin('mine', { ...twice, type: 'embedding' }))).toThrow(
      "plugin 'mine': the input 'embedding' is already registered by plugin 'flashlm'",
    );
    // An optimiser may be called like a layer: nothing confuses them.
    registry.use(plugin('third', { ...createRegistry().get('optimizer', 'sgd')!, type: 'silu' }));
  });

  it('two registries share no components', () => {
    const registry = createRegistry();
    registry.use(plugin('first', twice));
    expect(createRegistry().get('layer', 'twice')).toBeUndefined();
    expect(new Registry().types('layer')).toEqual([]);
  });

  it.each([
    ['a kind that does not exist', { kind: 'lyer' }, /kind is 'lyer', expected one of input, layer/],
    ['a name that is none', { type: 'My Layer' }, /type must be lower-case/],
    ['a schema that lets any key pass', { schema: z.object({}) }, /schema must be a zod strictObject/],
    ['no schema', { schema: undefined }, /schema must be a zod strictObject/],
    ['a reserved option', { schema: z.strictObject({ name: z.string() }) }, /'name' belongs to every layer/],
    ['a main option that is none', { main: 'times' }, /main is 'times', which is not an option/],
    ['no example', { examples: [] }, /at least one example/],
    ['no factory', { create: 3 }, /create must be a function/],
  ])('the registry refuses %s', (_, part, message) => {
    expect(() => new Registry().use(plugin('p', { ...twice, ...part }))).toThrow(message);
  });
});

describe('plugins', () => {
  const header = `import { z } from ${JSON.stringify(import.meta.resolve('zod'))};\n`;
  const layer = (type: string, create: string) => `${header}export default { name: '${type}s', register(add) {
    add({ kind: 'layer', type: '${type}', summary: 'x', schema: z.strictObject({ size: z.int().default(3) }),
      examples: [{}], create: ${create} });
  } };\n`;
  const using = (path: string) =>
    `${VALID}plugins: [${path}]\n`.replace('- rms_norm: { gain: false }', '- mine: { size: 4 }');

  it('plugins are named in a recipe, and found beside it', async () => {
    const made = `({ size }, { path, inCols }) => ({ path, type: 'mine', inCols, outCols: inCols, coupling: 'row',
      keeps: { input: false, output: false }, macs: size, parameters: () => [], plan: () => null,
      forward() {}, backward() {} })`;
    const dir = folder({ 'sub/p.mjs': layer('mine', made), 'recipe.yaml': using('sub/p.mjs') });
    const recipe = await loadRecipe(join(dir, 'recipe.yaml'));
    expect(describeModel(recipe).layers.at(-2)).toMatchObject({ path: 'mine', macs: 4 });
    expect(recipe.plugins).toEqual([join(dir, 'sub', 'p.mjs')]);
  });

  it('plugins in TypeScript import the package by its name', async () => {
    const example = join(import.meta.dirname, '../../examples/plugin-layer.ts');
    const [loaded] = await loadPlugins(['plugin-layer.ts'], join(example, '..'));
    expect(loaded!.name).toBe('low-rank');
  });

  it("a plugin's factory that fails is reported at its layer", async () => {
    const dir = folder({
      'a.mjs': layer('mine', `(_, { fail }) => fail('size must be even', 'size')`),
      'b.mjs': layer('mine', `() => { throw new TypeError('no such thing'); }`),
      'a.yaml': using('a.mjs'),
      'b.yaml': using('b.mjs'),
    });
    expect(await mistakes(dir, 'a.yaml')).toEqual(['a.yaml:11:19: size must be even']);
    expect(await mistakes(dir, 'b.yaml')).toEqual(["b.yaml:11:5: making 'mine' failed: no such thing"]);
  });

  it.each([
    ['that is not there', 'none.mjs', '', /there is no plugin .*none\.mjs$/],
    ['of another language', 'p.txt', 'x', /is not a module: expected \.ts, \.js or \.mjs$/],
    [
      'without a default export',
      'p.mjs',
      'export const x = 1;',
      /has no default export \{ name, register\(add\) \}$/,
    ],
    ['of another shape', 'p.mjs', 'export default { name: 3 };', /has no default export/],
    ['that throws', 'p.mjs', "throw new RangeError('not today');", /can't be loaded: RangeError: not today$/],
    [
      'that is not JavaScript',
      'p.mjs',
      'export default {',
      /can't be loaded: \S*(Syntax|Parse|Rollup)?\w*Error: /,
    ],
    [
      'that throws while registering',
      'p.mjs',
      "export default { name: 'p', register() { throw new Error('no'); } };",
      /: no$/,
    ],
    [
      'with a taken name',
      'p.mjs',
      layer('silu', '() => null'),
      /plugin 'silus': the layer 'silu' is already registered by plugin 'flashlm'$/,
    ],
  ])('a wrong plugin is refused: %s', async (_, name, content, message) => {
    const dir = folder({
      ...(content && { [name]: content }),
      'recipe.yaml': `${VALID}plugins: [${name}]\n`,
    });
    const [line, ...more] = await mistakes(dir);
    expect(line).toMatch(message);
    expect(line).toMatch(/^recipe\.yaml:19:11: /);
    expect(more).toEqual([]);
  });
});

it('a list of layers is an option of any component', () => {
  const schema = z.strictObject({ layers: layerList('Inside.') });
  expect(() =>
    new Registry().use(plugin('p', { ...twice, schema, examples: [{ layers: ['silu'] }] })),
  ).not.toThrow();
});
