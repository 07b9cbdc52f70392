import { readdirSync } from 'node:fs';
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { nativeStatus } from '../../src/backends/native/index.ts';
import { VALID } from '../recipes/valid-recipe.ts';
import { runInProcess } from './fake-terminal.ts';

let dir: string;
let recipe: string;
let cache: string;

beforeAll(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'flashlm-remedies-')));
  recipe = join(dir, 'tiny.yaml');
  cache = join(dir, 'cache');
  await writeFile(recipe, VALID.replace('steps: 20', 'steps: 1'));
  await writeFile(join(dir, 'file'), 'not a folder');
});

afterAll(() => rm(dir, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

const train = (out: string, ...options: string[]) =>
  runInProcess(['train', recipe, '--out', join(dir, out), '--quiet', ...options]);

it('the error for a cache that can not be created says where its folder comes from, the environment or the recipe', async () => {
  vi.stubEnv('FLASHLM_CACHE', join(dir, 'file'));
  const environment = await train('a');
  expect(environment.stderr).toMatch(/data cache: .*\n.*\n {2}Set FLASHLM_CACHE to a folder/);
  vi.stubEnv('FLASHLM_CACHE', cache);
  expect(await train('a')).toMatchObject({ status: 0 });

  const own = await train('b', '--set', `data.cache_dir=${join(dir, 'file')}`);
  expect(own.stderr).toMatch(/data cache: .*\n.*\n {2}Set the recipe's data\.cache_dir to a folder/);
  expect(await train('b', '--set', `data.cache_dir=${cache}`)).toMatchObject({ status: 0 });
});

it('a run whose backend this machine lacks resumes on another one, and says so', async () => {
  vi.stubEnv('FLASHLM_CACHE', cache);
  expect(await train('c')).toMatchObject({ status: 0 });
  const run = join(dir, 'c', readdirSync(join(dir, 'c'))[0]!);
  const file = join(run, 'recipe.yaml');
  const filled = await readFile(file, 'utf8');
  await writeFile(file, filled.replace(/^backend:(.*\n)+?(?=\S|$)/m, 'backend: native:mmx\n'));
  const resume = ['train', '--resume', run, '--steps', '2'];
  const refused = await runInProcess(resume);
  expect(refused.status).not.toBe(0);
  const other = await runInProcess([...resume, '--backend', 'reference:f64']);
  expect(other).toMatchObject({
    status: 0,
    stderr: expect.stringContaining('reference:f64, so not to the bit'),
  });
});

it.skipIf(!nativeStatus().available)(
  'an instruction set that does not exist names the variable that asked for it',
  async () => {
    vi.stubEnv('FLASHLM_CACHE', cache);
    vi.stubEnv('FLASHLM_ISA', 'mmx');
    const { status, stderr } = await train('d', '--backend', 'native');
    expect(status).toBe(2);
    expect(stderr).toContain('at FLASHLM_ISA=mmx');
  },
);

it('a file that is not a recording, and a run instead of a recipe, get an error that says what to give', async () => {
  vi.stubEnv('FLASHLM_CACHE', cache);
  expect((await runInProcess(['replay', dir])).stderr).toContain(
    'Give a file that a disagreement of `diff` has written',
  );
  const run = join(dir, 'a', readdirSync(join(dir, 'a'))[0]!);
  const { status, stderr } = await runInProcess(['check', run]);
  expect(status).toBe(2);
  expect(stderr).toContain(`it is a folder; did you mean '${join(run, 'recipe.yaml')}'?`);
});
