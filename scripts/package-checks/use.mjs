// Tests what users do first: the command line, the API from JavaScript and TypeScript, and plugins.
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { repository } from '../package-sandbox.mjs';

export const PREBUILT = `node_modules/flashlm/prebuilds/linux-${process.arch}/flashlm.node`;

const API = `
import { createNativeBackend, createRegistry, fillRecipe, loadRecipe, nativeStatus, OPS } from 'flashlm';
const backend = createNativeBackend({ threads: 2 });
const a = { dtype: 'f32', rows: 2, cols: 2, data: Float32Array.of(1, 2, 3, 4), label: 'a' };
const out = { ...a, data: new Float32Array(4), label: 'out' };
backend.kernels.add(out, a, a);
const recipe = await loadRecipe('v61');
console.log(JSON.stringify({
  sum: [...out.data],
  ops: Object.keys(OPS).length,
  recipe: typeof recipe,
  path: nativeStatus().path,
}));
`;

/** Uses types that come from FlashLM's own files, from zod's and from Node's; the last line must not compile. */
const TYPED = `
import { type Backend, createReferenceBackend, FlashError, loadRecipe, type Plugin, z } from 'flashlm';
const backend: Backend = createReferenceBackend('f64');
const schema = z.strictObject({ rank: z.int() });
const rank: number = schema.parse({ rank: 3 }).rank;
export const plugin: Plugin = { name: 'none', register: () => undefined };
export const load = async (): Promise<string> => {
  const recipe: Awaited<ReturnType<typeof loadRecipe>> = await loadRecipe('v61');
  return \`\${backend.name} \${rank} \${recipe} \${new FlashError('x').message}\`;
};
// @ts-expect-error
export const wrong: string = backend.threads;
`;

const PLUGIN = `
import { component, z } from 'flashlm';
/** y = -x. */
class Negate {
  type = 'negate'; coupling = 'row'; keeps = { input: false, output: false }; macs = 0;
  constructor(path, cols) { this.path = path; this.inCols = cols; this.outCols = cols; }
  parameters() { return []; }
  plan() { return null; }
  forward({ kernels: k }, x, y) { y.data.set(x.data); k.scale(y, -1); }
  backward({ kernels: k }, x, y, dy, dx) { dx.data.set(dy.data); k.scale(dx, -1); }
}
const negate = component({
  kind: 'layer', type: 'negate', summary: 'The negative.', schema: z.strictObject({}), examples: [{}],
  create: (_, { path, inCols }) => new Negate(path, inCols),
});
export default { name: 'negate', register: (add) => add(negate) };
`;

const PLUGIN_RECIPE = `
extends: shift
name: negated
plugins: [./negate.js]
model:
  - embedding: { vocab: 512, dim: 64 }
  - residual: [rms_norm, negate]
  - rms_norm
  - tied_head
`;

const compilerOptions = (module, moduleResolution) => ({
  module,
  moduleResolution,
  target: 'ES2022',
  strict: true,
  noEmit: true,
  types: ['node'],
  typeRoots: [path.join(repository, 'node_modules', '@types')],
});

export async function checkUse(project, step) {
  await step('the command doctor reports the prebuilt kernels', () => {
    const report = JSON.parse(project.flashlm('doctor', '--json'));
    assert.equal(path.relative(project.folder, report.native.path), PREBUILT);
    assert.match(report.best, /^native:/);
    assert.match(project.flashlm('doctor'), /^Kernels .*prebuilds/m);
  });

  await step('flashlm trains v61, evaluates it and generates text', () => {
    const trained = project.flashlm('train', 'v61', '--steps', '10');
    assert.match(trained, /^Done after 10 steps/m);
    assert.match(trained, /^backend {2}native:/m);
    assert.match(project.flashlm('eval', project.lastRun()), /^PPL +\d/m);
    const text = project.flashlm('generate', project.lastRun(), '--prompt', 'Once', '--max-tokens', '8');
    assert.ok(text.startsWith('Once'), text);
  });

  await step('wrong usage ends with status 2 and at most three lines', () => {
    for (const args of [['trian'], ['train', 'v61', '--steps', 'many'], ['train', 'no-such-recipe']]) {
      const { status, stderr, stdout } = project.run('npx', ['flashlm', ...args]);
      assert.equal(status, 2, `${args.join(' ')} ended with ${status}\n${stderr}`);
      assert.equal(stdout, '');
      assert.match(stderr, /^error: /);
      assert.ok(stderr.trim().split('\n').length <= 3, stderr);
    }
  });

  await step('the API works from JavaScript, on two threads', () => {
    project.write('api.js', API);
    const found = JSON.parse(project.runOrThrow('node', ['api.js']));
    assert.deepEqual(found.sum, [2, 4, 6, 8]);
    assert.equal(found.recipe, 'object');
    assert.equal(path.relative(project.folder, found.path), PREBUILT);
  });
}

/** Tests what extending FlashLM needs: its types, and plugins. */
export async function checkExtending(project, step) {
  await step('the API type-checks with module resolution node16, nodenext and bundler', () => {
    project.write('typed.ts', TYPED);
    const tsc = path.join(repository, 'node_modules', 'typescript', 'bin', 'tsc');
    for (const [module, resolution] of [
      ['node16', 'node16'],
      ['nodenext', 'nodenext'],
      ['esnext', 'bundler'],
    ]) {
      const options = compilerOptions(module, resolution);
      project.write('tsconfig.json', JSON.stringify({ compilerOptions: options, files: ['typed.ts'] }));
      project.runOrThrow('node', [tsc]);
    }
  });

  await step('examples/library.mjs runs', () => {
    cpSync(path.join(repository, 'examples', 'library.mjs'), project.path('library.mjs'));
    const printed = project.runOrThrow('node', ['library.mjs']);
    assert.match(printed, /agrees with reference:f64 in \d+ ops/);
    assert.match(
      printed,
      /ended after 20 steps \(steps\)\n.*bits a character in \d+ documents\nOnce upon a time/,
    );
  });

  await step('plugins in JavaScript and TypeScript train', () => {
    project.write('negate.js', PLUGIN);
    project.write('negate.yaml', PLUGIN_RECIPE);
    for (const file of ['plugin-layer.ts', 'plugin-layer.yaml'])
      cpSync(path.join(repository, 'examples', file), project.path(file));
    for (const recipe of ['negate.yaml', 'plugin-layer.yaml'])
      assert.match(project.flashlm('train', recipe, '--steps', '3'), /^Done after 3 steps/m);
  });
}

/** Tests a CommonJS project, which is what `npm init` creates. */
export async function checkCommonJs(project, packed, step) {
  await step('a project made by npm init can use the library from CommonJS', () => {
    project.runOrThrow('npm', ['init', '-y']);
    project.install(packed.path);
    cpSync(path.join(repository, 'examples', 'library.mjs'), project.path('library.mjs'));
    project.runOrThrow('node', ['library.mjs']);
    project.write(
      'start.js',
      "import('flashlm').then(({ loadRecipe }) => loadRecipe('v61')).then(({ name }) => console.log(name));\n",
    );
    assert.match(project.runOrThrow('node', ['start.js']), /SUPERNOVA/);
    const options = { ...compilerOptions('nodenext', 'nodenext'), skipLibCheck: false };
    project.write('tsconfig.json', JSON.stringify({ compilerOptions: options, files: ['typed.ts'] }));
    project.write('typed.ts', TYPED);
    project.runOrThrow('node', [path.join(repository, 'node_modules', 'typescript', 'bin', 'tsc')]);
  });
}
