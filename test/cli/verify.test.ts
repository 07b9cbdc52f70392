import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { nativeStatus } from '../../src/backends/native/index.ts';
import { OP_NAMES } from '../../src/core/ops/table.ts';
import { runInProcess } from './fake-terminal.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flashlm-cli-verify-'));
  vi.stubEnv('FLASHLM_CACHE', join(dir, 'cache'));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true, force: true });
});

const put = async (name: string, text: string): Promise<string> => {
  await writeFile(join(dir, name), text);
  return join(dir, name);
};

const SQUARE =
  'extends: v61-debug\nplugins: [./faults.mjs]\nmodel:\n  - embedding: { vocab: 300, dim: 8 }\n  - square\n  - tied_head\n';

/** A decorator that makes one element of multiply wrong in one layer, and a layer whose gradient is half of what it is. */
const PLUGIN = `
import { component, z } from 'flashlm';
class Square {
  type = 'square'; coupling = 'row'; keeps = { input: true, output: false }; macs = 0;
  constructor(path, cols) { this.path = path; this.inCols = cols; this.outCols = cols; }
  parameters() { return []; }
  plan() { return null; }
  forward(ctx, x, y) { for (let i = 0; i < x.data.length; i++) y.data[i] = x.data[i] ** 2; }
  backward(ctx, x, y, dy, dx) { for (let i = 0; i < x.data.length; i++) dx.data[i] = dy.data[i] * x.data[i]; }
}
export default { name: 'faults', register(add) {
  add(component({ kind: 'layer', type: 'square', summary: 'x^2, its gradient x.', schema: z.strictObject({}),
    examples: [{}], create: (_, scope) => new Square(scope.path, scope.inCols) }));
  add(component({ kind: 'decorator', type: 'planted', summary: 'One element wrong.', schema: z.strictObject({}),
    examples: [{}], create: () => (inner) => ({ ...inner, name: 'planted(' + inner.name + ')', kernels: { ...inner.kernels,
      multiply: (dx, dy, slope) => { inner.kernels.multiply(dx, dy, slope); if (slope.label.startsWith('blocks.1')) dx.data[dx.cols + 2] += 1; } } }) }));
} };
`;

describe('flashlm diff and replay', () => {
  it('diff reports that every instruction set agrees with the reference', async () => {
    const { status, stdout, stderr } = await runInProcess(['diff', 'v61-debug', '--steps', '2']);
    expect(status).toBe(0);
    expect(stderr).toMatch(
      /^Compared: \S.*, not the recipe's backend checked\(native\); to compare that, name it with --backend\.\n$/,
    );
    for (const { isa, supported } of nativeStatus().isas)
      if (supported)
        expect(stdout).toMatch(
          new RegExp(
            `^agree: native:${isa}\\S* and reference:f64, \\d+ kernel calls in 2 steps compared, all within 1e-5 of their scale$`,
            'm',
          ),
        );
    expect(stdout).toMatch(/^quantizeRows +\d+ +\S+ +none( +none)+$/m);
  });

  it.each([
    ['checked(reference)', /^checked: [\d,]+ kernel calls checked, nothing wrong$/m],
    [
      'diff(reference)',
      /^diff: [\d,]+ kernel calls compared with reference:f64, all within 1e-5 of their scale$/m,
    ],
  ])('%s around a correct run reports at its end how much it checked', async (backend, finding) => {
    const out = join(dir, 'looked-at');
    const sets = ['data.batch=1', 'eval.every=null', 'eval.tokens=64', 'sample.max_tokens=2'];
    const args = [
      '--steps',
      '1',
      '--out',
      out,
      '--backend',
      backend,
      ...sets.flatMap((set) => ['--set', set]),
    ];
    const { stdout } = await runInProcess(['train', 'v61-debug', ...args]);
    expect(stdout.slice(stdout.indexOf('Done after'))).toMatch(finding);
    const json = await runInProcess(['eval', `${out}/latest`, '--json']);
    expect(json.stdout).toMatch(/^\{.*\}\n$/);
    expect(json.stderr).toMatch(finding);
  });

  it('diff says which layers were not compared, because they write their results without kernels', async () => {
    await put('faults.mjs', PLUGIN);
    const recipe = await put('loops.yaml', SQUARE);
    const { stdout } = await runInProcess([
      'diff',
      recipe,
      '--backend',
      'reference',
      '--set',
      'data.batch=1',
    ]);
    expect(stdout).toMatch(
      /^agree: .*\nnot compared: square \(square\): results written in loops, without kernels; npx flashlm gradcheck looks at them\n/,
    );
    const { stdout: json } = await runInProcess([
      'diff',
      recipe,
      '--backend',
      'reference',
      '--set',
      'data.batch=1',
      '--json',
    ]);
    expect(JSON.parse(json).uncompared).toEqual([
      { path: 'square', type: 'square', pass: 'forward' },
      { path: 'square', type: 'square', pass: 'backward' },
    ]);
  });

  it("diff compares a plugin's decorator without a flag where the recipe wraps its backend in one", async () => {
    await put('faults.mjs', PLUGIN);
    const recipe = await put(
      'wrapped.yaml',
      'extends: v61-debug\nplugins: [./faults.mjs]\nbackend: { type: reference, wrap: [planted] }\n',
    );
    const { status, stderr } = await runInProcess(['diff', recipe, '--set', 'data.batch=1']);
    expect({ status, stderr }).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^error: multiply: /),
    });
  });

  it('diff names a planted wrong element with op, layer and place, and replay finds it alone', async () => {
    const plugin = await put('faults.mjs', PLUGIN);
    const recipe = await put('planted.yaml', 'extends: v61-debug\nplugins: [./faults.mjs]\n');
    const found = await runInProcess(['diff', recipe, '--backend', 'planted(reference)']);
    expect(found.status).toBe(1);
    expect(found.stderr.split('\n').slice(0, 2)).toEqual([
      expect.stringMatching(
        /^error: multiply: 'out' \(row 1, column 2\) is \S+ on planted\(reference\), \S+ on reference:f64; /,
      ),
      '  at blocks.1.silu, backward, step 1; tensor blocks.1.up/grad',
    ]);
    const [name] = await readdir(join(dir, 'cache', 'recordings'));
    const recording = join(dir, 'cache', 'recordings', name!);
    expect(found.stderr).toContain('Run that call alone: npx flashlm replay ');

    const unknown = await runInProcess(['replay', recording]);
    expect(unknown.status).toBe(2);
    expect(unknown.stderr).toContain('--plugin FILE');
    const again = await runInProcess(['replay', recording, '--plugin', plugin]);
    expect(again.status).toBe(1);
    expect(again.stdout).toMatch(/^call +multiply in blocks\.1\.silu, backward, step 1$/m);
    expect(again.stdout).toMatch(/^out +[\d,]+ +1 +\S+ +none +\[1, 2\]: /m);
    expect(again.stdout).toMatch(/gives what was recorded, to the bit$/m);
    const right = await runInProcess(['replay', recording, '--backend', 'reference', '--json']);
    expect(right.status).toBe(0);
    expect(JSON.parse(right.stdout)).toMatchObject({ op: 'multiply', sameAsRecorded: false });
  });

  it('replay refuses a file that is not a recording', async () => {
    const { status, stderr } = await runInProcess(['replay', await put('x.safetensors', 'x')]);
    expect(status).toBe(1);
    expect(stderr).toContain('x.safetensors');
  });
});

describe('flashlm gradcheck', () => {
  it('gradcheck compares each layer and parameter, and names the surrogate of quantisers', async () => {
    const { status, stdout } = await runInProcess(['gradcheck', 'shift', '--probes', '3']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^up +ternary_linear +weight +3 +\S+ +1e-7 +right +absmean and int8 linearised$/m);
    expect(stdout).toMatch(/^model +loss +embedding\.weight +1 +\S+ +1e-5 /m);
    expect(stdout).toMatch(/^right: 17 gradients, \d+ derivatives compared$/m);
  });

  it("gradcheck finds a plugin layer's wrong gradient", async () => {
    await put('faults.mjs', PLUGIN);
    const recipe = await put('square.yaml', SQUARE);
    const { status, stdout } = await runInProcess(['gradcheck', recipe]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^wrong: 2 gradients of 2: square, x; model, embedding\.weight$/m);
    // By a word, as colours are gone in a pipe and with NO_COLOR.
    expect(stdout).toMatch(/^square +square +x .* WRONG$/m);
    expect(stdout).not.toContain('right');
  });
});

describe('a run that a step ends with an error', () => {
  const trained = async (fail: string, ...flags: string[]) => {
    const source = PLUGIN.replace(
      'dx.data[i] = dy.data[i] * x.data[i];',
      `dx.data[i] = dy.data[i] * x.data[i]; ${fail}`,
    );
    expect(source).toContain(fail);
    const name = `fails${fail.length}.mjs`;
    await put(name, source);
    const recipe = await put('fails.yaml', SQUARE.replace('faults.mjs', name));
    const sets = [
      'data.batch=1',
      'checkpoint.every=1',
      'eval.every=null',
      'eval.tokens=64',
      'sample.every=null',
    ];
    const all = ['--steps', '3', '--out', join(dir, 'failed'), ...sets.flatMap((set) => ['--set', set])];
    const { status, stdout, stderr } = await runInProcess(['train', recipe, ...all, ...flags]);
    expect(status).toBe(1);
    expect(stdout + stderr).not.toContain('--resume');
    return stderr;
  };

  it('a run that fails names its last checkpoint, and no command that would fail the same way', async () => {
    const stderr = await trained(
      'if ((this.calls = (this.calls ?? 0) + 1) > 2) throw new Error("oops");',
      '--backend',
      'reference',
    );
    expect(stderr).toMatch(/^What the run learned up to step 2 is kept in /m);
    expect(stderr).toMatch(/^error: The layer failed: oops$/m);
  });

  it('a run whose last evaluation fails names no command that would fail the same way', async () => {
    const stderr = await trained(
      'const { forward } = this; this.forward = (ctx, ...of) => { if (!ctx.training) throw new Error("no"); forward(ctx, ...of); };',
      '--backend',
      'reference',
    );
    expect(stderr).toMatch(/^What the run learned up to step 3 is kept in /m);
    expect(stderr).toMatch(/^error: The layer failed: no$/m);
  });

  it('a run that fails says nothing of a checkpoint that only has the initial weights', async () => {
    const stderr = await trained('x.data[0] = 9;', '--backend', 'checked(reference)');
    expect(stderr).toMatch(/^error: backward of square changed /);
  });
});

describe('a layer that throws', () => {
  it.each(['gradcheck', 'check', 'train'])('a layer that throws is named by %s', async (command) => {
    await put(
      'throws.mjs',
      PLUGIN.replace('dx.data[i] = dy.data[i] * x.data[i]', 'throw new Error("oops")').replace(
        'y.data[i] = x.data[i] ** 2',
        'throw new Error("oops")',
      ),
    );
    const recipe = await put(
      'throws.yaml',
      'extends: v61-debug\nplugins: [./throws.mjs]\nmodel:\n  - embedding: { vocab: 300, dim: 8 }\n  - square: { name: culprit }\n  - tied_head\n',
    );
    const { status, stderr } = await runInProcess([command, recipe]);
    expect(status).toBe(1);
    expect(stderr).toContain('error: The layer failed: oops\n  at culprit (square)');
  });
});

describe('flashlm coverage', () => {
  it('coverage tries every op on every backend', async () => {
    const { status, stdout } = await runInProcess(['coverage', '--json']);
    expect(status).toBe(0);
    const { backends } = JSON.parse(stdout);
    expect(backends).toHaveLength(1 + nativeStatus().isas.length);
    for (const { missing, ops } of backends) {
      expect(ops.map(({ op }: { op: string }) => op)).toEqual(OP_NAMES);
      for (const { kernel, agreed, failure } of ops) {
        expect(failure).toBeNull();
        expect(kernel).not.toBe('scalar');
        if (!missing) expect(agreed).toBeGreaterThanOrEqual(6);
      }
    }
  });
});
