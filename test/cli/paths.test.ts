import { readdirSync, symlinkSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { VALID } from '../recipes/valid-recipe.ts';
import { runInProcess } from './fake-terminal.ts';

/** Seven documents, enough for a few tiny steps and a vocabulary of 300. */
const TEXT = 'The cat sat on the mat.\n<|endoftext|>\nA dog ran to the cat.\n<|endoftext|>\n'.repeat(40);
const TINY = VALID.replace('steps: 20', 'steps: 2');

const before = process.cwd();
let home: string;
/** The working folder of all tests, empty but for what they make. */
let work: string;

beforeAll(async () => {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'flashlm paths ')));
  [home, work] = [join(dir, 'home'), join(dir, 'work')];
  await mkdir(join(home, 'recipes'), { recursive: true });
  await mkdir(work);
  await writeFile(join(home, 'text.txt'), TEXT);
  await writeFile(join(home, 'recipes', 'tiny.yaml'), TINY);
  vi.stubEnv('HOME', home);
  vi.stubEnv('FLASHLM_CACHE', '~/cache');
  process.chdir(work);
});

afterAll(async () => {
  process.chdir(before);
  vi.unstubAllEnvs();
  await rm(join(work, '..'), { recursive: true, force: true });
});

async function run(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await runInProcess(args, process.env);
  expect({ args, status, stderr }).toMatchObject({ status: 0 });
  return stdout;
}

/** The one run in a folder. */
const onlyRun = (folder: string): string => join(folder, readdirSync(folder)[0]!);

describe('the home folder is meant by ~', () => {
  it('~ is the home folder in options, arguments, FLASHLM_CACHE and --set', async () => {
    const set = ['--set', 'data.valid=~/text.txt'];
    await run('train', '~/recipes/tiny.yaml', '--data', '~/text.txt', '--out', '~/runs', ...set, '--quiet');
    const name = relative(home, onlyRun(join(home, 'runs')));
    await run('eval', `~/${name}`, '--data', '~/text.txt');
    await run('generate', `~/${name}`, '--max-tokens', '2');
    await run('train', '--resume', `~/${name}`, '--steps', '3', '--quiet');
    await run('data', '~/text.txt', '--vocab', '300', '--out', '~/out');
    expect(readdirSync(home).sort()).toEqual(['cache', 'out', 'recipes', 'runs', 'text.txt']);
    expect(readdirSync(work)).toEqual([]);
  });

  it('~ is the home folder in every path of a recipe', async () => {
    await writeFile(join(home, 'none.mjs'), "export default { name: 'none', register() {} };\n");
    await writeFile(
      join(work, 'mine.yaml'),
      'extends: ~/recipes/tiny.yaml\nplugins: [~/none.mjs]\n' +
        'data: { source: [~/text.txt], valid: ~/text.txt, cache_dir: ~/mine }\n' +
        'tokenizer: { file: ~/out/tokenizer.json, vocab: null }\n',
    );
    const filled = await run('check', 'mine.yaml', '--filled');
    for (const path of ['none.mjs', 'text.txt', 'mine', 'out/tokenizer.json'])
      expect(filled).toContain(join(home, path));
    expect(filled).not.toContain('~');
    await rm(join(work, 'mine.yaml'));
  });
});

describe('an empty path', () => {
  it.each([
    [['train', '']],
    [['train', 'v61', '--out', '']],
    [['train', 'v61', '--data', '']],
    [['train', 'v61', '--valid', ' ']],
    [['train', '--resume', '']],
    [['eval', '']],
    [['eval', 'runs', '--data', '']],
    [['generate', '']],
    [['check', '']],
    [['diff', '']],
    [['gradcheck', '']],
    [['replay', '']],
    [['replay', 'a', '--plugin', '']],
    [['bench', '']],
    [['bench', '--compare', '']],
    [['data', '']],
    [['data', 'a.txt', '--out', '']],
    [['data', 'a.txt', '--tokenizer', '']],
  ])('an empty path is refused as wrong usage by %j', async (args) => {
    const { status, stdout, stderr } = await runInProcess(args, process.env);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('Expected a path, found nothing.');
    expect(readdirSync(work)).toEqual([]);
  });
});

describe('a run', () => {
  let path: string;

  beforeAll(async () => {
    path = onlyRun(join(home, 'runs'));
  });

  it('a run can be named from inside its folder, by a link, with a trailing slash and through ..', async () => {
    const checkpoint = join(path, 'checkpoints', 'step-00000003');
    symlinkSync(path, join(work, 'link'));
    symlinkSync(checkpoint, join(work, 'best'));
    const step = async (name: string, cwd = work): Promise<number> => {
      process.chdir(cwd);
      const stdout = await run('eval', name, '--json').finally(() => process.chdir(work));
      return JSON.parse(stdout).step;
    };
    for (const name of ['link', 'link/', 'best', 'best/', `${path}/`, `${path}/checkpoints/..`])
      expect([name, await step(name)]).toEqual([name, 3]);
    expect(await step('.', path)).toBe(3);
    expect(await step('.', checkpoint)).toBe(3);
    expect(await step('..', join(path, 'checkpoints'))).toBe(3);
    process.chdir(path);
    await run('train', '--resume', '.', '--steps', '4', '--quiet').finally(() => process.chdir(work));
    expect(await step(path)).toBe(4);
    await rm(join(work, 'link'));
    await rm(join(work, 'best'));
  });

  it('a run whose texts were moved resumes with the same content elsewhere, and remembers its place', async () => {
    await rename(join(home, 'text.txt'), join(home, 'moved text.txt'));
    const lost = await runInProcess(['train', '--resume', path, '--steps', '5'], process.env);
    expect(lost.status).toBe(1);
    expect(lost.stderr.trim().split('\n')).toEqual([
      "error: The run's text is not there any more",
      `  at ${join(home, 'text.txt')}`,
      expect.stringMatching(
        /^ {2}If it was moved, name its new place: npx flashlm train --resume .* --data FILE$/,
      ),
    ]);
    const scored = await runInProcess(['eval', path], process.env);
    expect(scored.stderr).toMatch(/text is not there[\s\S]*: npx flashlm eval .* --data FILE$/m);

    const moved = ['--data', '~/moved text.txt', '--valid', '~/moved text.txt'];
    await run('train', '--resume', path, '--steps', '5', '--quiet', ...moved);
    await run('eval', path);
    await run('train', '--resume', path, '--steps', '6', '--quiet');
    const recipe = await readFile(join(path, 'recipe.yaml'), 'utf8');
    expect(recipe).toContain('moved text.txt');
    expect(recipe).toMatch(/ steps: 2,?/);
  });

  it.each([
    ['--data', /The run was trained on \d+ tokens.*the data is now/],
    ['--valid', /The run's validation data was \d+ tokens.*it is now/],
  ])('a run does not resume with different content as %s', async (flag, message) => {
    await writeFile(join(work, 'other.txt'), `${TEXT}More.`);
    const recipe = await readFile(join(path, 'recipe.yaml'), 'utf8');
    const args = ['train', '--resume', path, '--steps', '7', flag, 'other.txt'];
    const { status, stderr } = await runInProcess(args, process.env);
    expect(status).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(3);
    expect(await readFile(join(path, 'recipe.yaml'), 'utf8')).toBe(recipe);
    expect(await readdir(path)).not.toContain('run.lock');
    await rm(join(work, 'other.txt'));
  });
});
