import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { runCli } from '../../src/cli/program.ts';
import { PROGRAM } from '../../src/core/command-line.ts';
import { DATASETS } from '../../src/data/datasets.ts';
import { VALID } from '../recipes/valid-recipe.ts';
import { fakeTerminal, runInProcess } from './fake-terminal.ts';

const TEXT = 'The cat sat on the mat.\n<|endoftext|>\nA dog ran to the cat.\n<|endoftext|>\n'.repeat(40);
/** Every character that a shell, YAML or the program itself could take for something else. */
const ODD = `-it's "$HOME" #1`;
/** Makes a step of the library's recipe a small one. */
const CHANGES = [
  'data.batch=1',
  'data.seq_len=8',
  'eval.tokens=16',
  'sample.max_tokens=1',
  'model.1.repeat=1',
];
const SMALL = ['--steps', '1', ...CHANGES.flatMap((change) => ['--set', change])];

const before = process.cwd();
let work: string;
let hub: Server;

beforeAll(async () => {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'flashlm printed ')));
  work = join(dir, 'a folder with blanks');
  await mkdir(work);
  process.chdir(work);
  await writeFile(`./${ODD}.yaml`, VALID.replace('steps: 20', 'steps: 2'));
  await writeFile(`./${ODD}.txt`, TEXT);
  hub = createServer((_, response) => response.writeHead(404).end()).listen(0, '127.0.0.1');
  await new Promise((resolve) => hub.once('listening', resolve));
  vi.stubEnv('FLASHLM_CACHE', './the cache');
  vi.stubEnv('HF_ENDPOINT', `http://127.0.0.1:${(hub.address() as AddressInfo).port}`);
});

afterAll(async () => {
  process.chdir(before);
  vi.unstubAllEnvs();
  hub.close();
  await rm(join(work, '..'), { recursive: true, force: true });
});

/** The words that a shell makes of a printed command, without the program's own name. */
function words(command: string): string[] {
  const script = `printf '%s\\0' ${command.slice(PROGRAM.length)}`;
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
}

/** The commands in what was printed; one may be part of a sentence, and several may be joined. */
function commandsIn(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.includes(PROGRAM));
  return lines.flatMap((line) =>
    line
      .slice(line.indexOf(PROGRAM))
      .replace(/ \(\d.*\)$/, '')
      .split(/ && | > \S+$/)
      .filter(Boolean)
      .map(words),
  );
}

/** What a command prints, both streams. */
async function printed(args: readonly string[], status = 0): Promise<string> {
  const result = await runInProcess(args, process.env);
  expect({ args, ...result }).toMatchObject({ status });
  return result.stdout + result.stderr;
}

/** The one command that is printed, as its words. */
async function only(args: readonly string[], status = 0): Promise<string[]> {
  const text = await printed(args, status);
  const commands = commandsIn(text);
  expect({ text, commands }).toMatchObject({ commands: [expect.any(Array)] });
  return commands[0]!;
}

const tiny = (...options: string[]) => ['train', `./${ODD}.yaml`, '--out', `./${ODD}`, ...options];

/** The run of the tiny recipe. */
const run = (): string => `./${join(ODD, readdirSync(`./${ODD}`).sort()[0]!)}`;

describe.skipIf(process.platform === 'win32')('a printed command works as it is', () => {
  it('after training on a text, the printed generate command works', async () => {
    const next = await only(tiny('--data', `./${ODD}.txt`));
    expect(next.slice(0, 1)).toEqual(['generate']);
    await printed([...next, '--max-tokens', '2']);
  });

  it('after a debugging run, the printed generate command works and fetches no gigabytes', async () => {
    const next = await only(tiny('--backend', 'checked(reference)'));
    expect(next.slice(0, 1)).toEqual(['generate']);
  });

  it('after training on the sample, the printed commands fetch the data set and train on it', async () => {
    const own = ['--backend', 'reference', '--threads', '1', '--set', 'optimizer.lr=0.02'];
    const [fetch, train] = commandsIn(await printed(tiny(...own, '--set', 'train.steps=2')));
    expect(fetch).toEqual(['data', 'tinystories']);
    // With what was asked for, but for the end.
    expect(train).toEqual(expect.arrayContaining([`./${ODD}`, ...own]));
    expect(train).not.toContain('train.steps=2');
    // Its server has no such file here, which is another failure than wrong usage.
    expect(await printed(fetch!, 1)).toContain('404');
    const folder = join('the cache', 'datasets', 'tinystories');
    await mkdir(folder, { recursive: true });
    for (const { name } of [DATASETS.tinystories!.train, DATASETS.tinystories!.valid])
      await writeFile(join(folder, name), TEXT);
    await printed([...train!, '--steps', '1', '--out', 'others']);
  });

  it("without the data set in the recipe's cache, the printed command fetches it into that cache", async () => {
    const set = ['--set', 'data.cache_dir=./own cache', '--set', 'data.source=tinystories'];
    const fetch = await only(tiny(...set), 1);
    expect(fetch).toEqual([
      'data',
      'tinystories',
      '--out',
      join(work, 'own cache', 'datasets', 'tinystories'),
    ]);
    expect(await printed(fetch, 1)).toContain('404');
  });

  it.each([
    ['Ctrl-C', 130, () => void process.emit('SIGINT', 'SIGINT')],
    [
      'an error',
      1,
      () => {
        throw new Error('the disk is on fire');
      },
    ],
  ])('after %s, the printed command resumes from the last checkpoint', async (_, status, happen) => {
    const { terminal, stdout, stderr } = fakeTerminal({ env: process.env });
    const print = terminal.print.bind(terminal);
    vi.spyOn(terminal, 'print').mockImplementation((line) => {
      if (line?.startsWith('step 2/')) happen();
      print(line);
    });
    expect(
      await runCli(
        tiny('--steps', '4', '--set', 'log.every=1', '--set', 'checkpoint.every=1'),
        COMMANDS,
        terminal,
      ),
    ).toBe(status);
    const [resume] = commandsIn(stdout.text + stderr.text);
    expect(await printed([...resume!, '--steps', '4'])).toContain('Done after 4 steps');
  });

  it('where a checkpoint was named to resume from, the printed command names its run', async () => {
    const checkpoint = `${run()}/checkpoints/step-00000002`;
    const resume = await only(['train', '--resume', checkpoint], 2);
    await printed([...resume, '--steps', '3']);
  });

  it('where there are no runs, the printed command trains one', async () => {
    await mkdir('empty');
    process.chdir('empty');
    const train = await only(['eval', 'nothing'], 2).finally(() => process.chdir('..'));
    await printed([...train, ...SMALL]);
  });

  it.each([
    ['own text', []],
    ['lines', ['--format', 'lines']],
    ['another vocabulary', ['--vocab', '300']],
    ['a share for validation', ['--valid-share', '0.2', '--vocab', '300']],
    ['a tokenizer', ['--tokenizer', `./${ODD} out/tokenizer.json`]],
  ])('after data prepared %s, the printed command trains on the same tokens', async (_, options) => {
    const out = `./${ODD} out`;
    const prepared = ['data', `./${ODD}.txt`, ...options];
    const train = await only([...prepared, ...(options[0] === '--vocab' ? ['--out', out] : [])]);
    const { splits } = JSON.parse((await runInProcess([...prepared, '--json'], process.env)).stdout);
    const text = await printed([...train, ...SMALL, '--out', 'prepared']);
    expect(text).toContain(
      `${splits[0].tokens.toLocaleString('en')} tokens in ${splits[0].documents} documents`,
    );
  });

  it('where a recipe or report is missing, the printed example works', async () => {
    const train = await only(['train'], 2);
    await printed([...train.map((word) => (word === 'FILE' ? `./${ODD}.txt` : word)), ...SMALL]);
    const [bench] = commandsIn(await printed(['bench', '--compare', 'nothing'], 1));
    if (bench)
      expect(await printed([...bench, '--quick', '--op', 'add', '--shape', 'S=8'])).toContain('"format"');
  });

  it('where a text was given instead of a recipe, the printed command trains on it', async () => {
    const train = await only(['train', `./${ODD}.txt`], 2);
    await printed([...train, ...SMALL, '--out', 'by mistake']);
  });

  it('where a backend can not run, the printed command shows what this machine offers', async () => {
    const doctor = await only(tiny('--backend', 'native:mmx'), 2);
    const text = await printed(doctor);
    for (const command of commandsIn(text)) expect(command).toEqual(['data', 'tinystories']);
  });

  it('where the text of a run was moved, the printed commands evaluate and resume with its new place', async () => {
    await rename(`./${ODD}.txt`, 'moved.txt');
    const moved = (command: string[]) => command.map((word) => (word === 'FILE' ? 'moved.txt' : word));
    const evaluate = await only(['eval', run()], 1);
    await printed(moved(evaluate));
    const resume = await only(['train', '--resume', run(), '--steps', '4'], 1);
    await printed([...moved(resume), '--steps', '4']);
    await printed(['eval', run()]);
  });
});
