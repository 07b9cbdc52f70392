import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { nativeStatus } from '../../src/backends/native/index.ts';
import { PRECISIONS } from '../../src/core/compute.ts';
import { SafetensorsFile } from '../../src/train/safetensors.ts';
import { runInProcess } from './fake-terminal.ts';

/** Instruction sets without extensions; some are faster in int8, none in bf16. */
const PLAIN = nativeStatus().isas.filter(({ supported, features }) => supported && features.length === 0);
const BACKENDS = [
  'reference',
  ...nativeStatus().isas.flatMap((i) => (i.supported ? [`native:${i.isa}`] : [])),
];

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flashlm-cli-compute-'));
  vi.stubEnv('FLASHLM_CACHE', join(dir, 'cache'));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true, force: true });
});

/** Makes a run short. */
const SHORT = ['data.batch=2', 'eval.tokens=256', 'sample.max_tokens=8'];

const train = async (out: string, compute: string, backend: string, ...more: string[]) => {
  const sets = [...SHORT, `compute=${compute}`].flatMap((change) => ['--set', change]);
  const args = ['--steps', '3', '--out', join(dir, out), '--backend', backend, ...sets];
  const result = await runInProcess(['train', 'v61-debug', ...args, ...more]);
  expect(result.status).toBe(0);
  const [name] = await readdir(join(dir, out));
  return { ...result, run: join(dir, out, name!) };
};

const computesOf = async (run: string): Promise<Set<string>> => {
  const events = (await readFile(join(run, 'metrics.jsonl'), 'utf8')).trim().split('\n');
  const steps = events.map((line) => JSON.parse(line)).filter(({ event }) => event === 'step');
  return new Set(steps.map(({ compute }) => compute));
};

const metadataOf = async (run: string): Promise<Readonly<Record<string, string>>> => {
  const file = await SafetensorsFile.open(join(run, 'checkpoints', 'step-00000003', 'model.safetensors'));
  await file.close();
  return file.metadata;
};

describe.each(PRECISIONS)('compute: %s', (compute) => {
  it('the compute type is named in the first lines, the steps, the summary and the checkpoints, without a notice', async () => {
    const { stdout, stderr, run } = await train(`named-${compute}`, compute, 'reference');
    expect(stderr).toBe('');
    const named = compute === 'f32' ? '' : `, compute ${compute}`;
    expect(stdout).toContain(`backend  reference, 1 thread${named}, path collapsed`);
    expect(stdout).toContain(`tokens/s (path collapsed, backend reference${named}, 1 thread)`);
    expect(await computesOf(run)).toEqual(new Set([compute]));
    expect(await metadataOf(run)).toMatchObject({ backend: 'reference', compute });
  });

  it.each(BACKENDS)('checked and diff find no fault in any call on %s', async (backend) => {
    await train(`checked-${compute}-${backend}`, compute, `checked(diff(${backend}))`, '--quiet');
  });

  it('check reports the compute type', async () => {
    const { stdout } = await runInProcess(['check', 'v61-debug', '--set', `compute=${compute}`]);
    expect(stdout).toMatch(new RegExp(`^compute +${compute}\\b`, 'm'));
  });
});

describe('a backend that is not faster in less than float32', () => {
  it.each(PLAIN)(
    'a backend without fast low precision trains in float32 and says why: native:$isa',
    async ({ isa }) => {
      const { stdout, stderr, run } = await train(`plain-${isa}`, 'bf16', `native:${isa}`);
      expect(stderr).toBe(`compute: bf16 runs as f32: native:${isa} has no bf16 instructions\n`);
      expect(stdout).not.toContain(', compute ');
      expect(await computesOf(run)).toEqual(new Set(['f32']));
      expect(await metadataOf(run)).toMatchObject({ compute: 'f32' });
      const asked = await train(`plain-f32-${isa}`, 'f32', `native:${isa}`, '--quiet');
      const weights = (of: string) => readFile(join(of, 'checkpoints', 'step-00000003', 'model.safetensors'));
      expect((await weights(run)).equals(await weights(asked.run))).toBe(true);
    },
  );
});

describe('a run in bf16', () => {
  let run: string;
  beforeAll(async () => {
    ({ run } = await train('bf16', 'bf16', 'reference', '--quiet'));
  });

  it('a bf16 run is evaluated in float32, with the same result as at its end', async () => {
    const evaluate = async (path: string, ...more: string[]) => {
      const { status, stdout } = await runInProcess(['eval', path, '--json', ...more]);
      expect(status).toBe(0);
      return JSON.parse(stdout);
    };
    const f32 = join(dir, 'said-f32');
    await cp(run, f32, { recursive: true });
    const recipe = await readFile(join(run, 'recipe.yaml'), 'utf8');
    await writeFile(join(f32, 'recipe.yaml'), recipe.replace('compute: bf16', 'compute: f32'));
    const event = await evaluate(run);
    expect(event).toEqual(await evaluate(f32));
    for (const backend of BACKENDS) {
      expect((await evaluate(run, '--backend', backend)).loss / event.loss).toBeCloseTo(1, 5);
    }
  });

  it('a bf16 run does not resume in another compute type without a notice', async () => {
    const copy = join(dir, 'other');
    await cp(run, copy, { recursive: true });
    const recipe = await readFile(join(run, 'recipe.yaml'), 'utf8');
    await writeFile(join(copy, 'recipe.yaml'), recipe.replace('compute: bf16', 'compute: int8'));
    const other = await runInProcess(['train', '--resume', copy, '--steps', '4', '--quiet']);
    expect(other.stderr).toContain('The recipe has changed since the checkpoint');
    expect(other.stderr).toContain(
      'The run continues with compute int8, so not to the bit as it would have with bf16.',
    );
    const same = await runInProcess(['train', '--resume', run, '--steps', '4', '--quiet']);
    expect(same.stderr).toMatch(/^warning: the run ends after about 4 steps, .*\n$/);
  });
});

describe('the tools that look at kernels', () => {
  it("diff compares in the recipe's compute type, and names it", async () => {
    const args = ['diff', 'v61-debug', '--backend', 'reference', '--set'];
    const { status, stdout } = await runInProcess([...args, 'compute=int8']);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^agree: reference and reference:f64, \d+ kernel calls in 1 step compared, all within \S+ of their scale, compute int8$/m,
    );
    const plain = await runInProcess([...args, 'compute=f32', '--json']);
    expect(JSON.parse(plain.stdout)).toMatchObject({ compute: 'f32' });
  });

  it('gradcheck stays in float64 and says so', async () => {
    const args = ['gradcheck', 'v61-debug', '--probes', '1'];
    const rounded = await runInProcess([...args, '--set', 'compute=int8']);
    expect(rounded.status).toBe(0);
    expect(rounded.stderr).toContain("The recipe's compute is int8; gradients are checked without it");
    expect(await runInProcess(args)).toEqual({ ...rounded, stderr: '' });
  });

  it('doctor lists the faster compute types of each backend', async () => {
    const { stdout } = await runInProcess(['doctor', '--json']);
    const { backends } = JSON.parse(stdout);
    const computes = new Map(
      backends.map(({ name, compute }: { name: string; compute: string[] }) => [name, compute]),
    );
    expect(computes.get('reference')).toEqual(PRECISIONS);
    for (const { isa } of PLAIN)
      expect(computes.get(`native:${isa}`)).toEqual(isa === 'avx2' ? ['f32', 'int8'] : ['f32']);
    expect((await runInProcess(['doctor'])).stdout).toMatch(/^ {2}reference .*; compute f32, bf16, int8/m);
  });
});
