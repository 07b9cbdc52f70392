import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { EvalEvent } from '../../src/train/events.ts';
import { runInProcess } from './fake-terminal.ts';

let dir: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flashlm-run-data-'));
  env = { FLASHLM_CACHE: join(dir, 'other-cache') };
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const put = (name: string, content: string | Buffer): string => {
  const path = join(dir, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
};

const STORIES = Array.from(
  { length: 40 },
  (_, i) => `The cat ${i} sat on mat ${i * 7} and the dog ${i % 5} ran.`,
);

/** Trains one step of a tiny model and returns its run. */
async function train(name: string, args: readonly string[]): Promise<{ run: string; stderr: string }> {
  const recipe = put(
    'tiny.yaml',
    `model: [{embedding: {vocab: 260, dim: 4}}, silu, tied_head]
data: {seq_len: 8, batch: 2, cache_dir: ${JSON.stringify(join(dir, 'run-cache'))}}
optimizer: {type: sgd, lr: 0.01}
train: {steps: 1}
sample: {max_tokens: 1}
backend: reference
`,
  );
  const out = join(dir, name);
  const { status, stderr } = await runInProcess(['train', recipe, ...args, '--out', out, '--quiet'], env);
  expect({ status, stderr }).toMatchObject({ status: 0 });
  return { run: join(out, readdirSync(out)[0]!), stderr };
}

async function evaluate(run: string, ...args: readonly string[]): Promise<EvalEvent & { stderr: string }> {
  const { stdout, stderr, status } = await runInProcess(['eval', run, ...args, '--json'], env);
  expect(stderr).not.toMatch(/error/i);
  expect(status).toBe(0);
  return { ...JSON.parse(stdout), stderr };
}

it.each([
  ['lines', 'lines.txt', STORIES.join('\n'), ['--format', 'lines']],
  [
    'JSON lines under another name',
    'rows.data',
    STORIES.map((text) => JSON.stringify({ text })).join('\n'),
    ['--format', 'jsonl'],
  ],
  [
    'JSON lines with the text in another field',
    'body.jsonl',
    STORIES.map((body) => JSON.stringify({ text: 'x', body })).join('\n'),
    ['--text-field', 'body'],
  ],
  ['gzip', 'lines.gz', gzipSync(STORIES.join('\n')), ['--format', 'lines']],
])('the same file gives the same figures, named or not: %s', async (name, file, content, flags) => {
  const path = put(file, content);
  const { run } = await train(name, ['--data', path, ...flags]);
  const { split, stderr, ...own } = await evaluate(run);
  const { split: named, stderr: _, ...given } = await evaluate(run, '--data', path);
  expect([split, named]).toEqual(['train', 'data']);
  expect(given).toEqual(own);
  expect(own.characters).toBe(STORIES.join('').length);
  // Every token file is in the cache of the run, none in that of the environment.
  expect(readdirSync(dir)).not.toContain('other-cache');
});

it('a format given to eval replaces that of the run', async () => {
  const { run } = await train('replaced', ['--data', put('r.txt', STORIES.join('\n')), '--format', 'lines']);
  const whole = put('other.jsonl', STORIES.map((body) => JSON.stringify({ body })).join('\n'));
  const event = await evaluate(run, '--data', whole, '--format', 'jsonl', '--text-field', 'body');
  expect(event.characters).toBe(STORIES.join('').length);
});

it('the run, its resumption and eval divide folders, patterns and a validation share alike', async () => {
  for (let i = 0; i < 40; i++) put(`stories/${String(i % 4)}/${i}.txt`, STORIES[i]!);
  put('stories/empty.txt', '');
  const folder = join(dir, 'stories');
  const { run, stderr } = await train('folder', ['--data', folder, '--valid-share', '0.1']);
  expect(stderr).toContain(`${folder}: 40 files, ${folder}/0/0.txt to ${folder}/3/7.txt.`);
  expect(stderr).toContain('left out 1 empty file.');
  expect(readFileSync(join(run, 'recipe.yaml'), 'utf8')).toMatch(/valid_share: 0.1/);
  const own = await evaluate(run);
  const logged = readFileSync(join(run, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const last = logged.findLast(({ event, split }) => event === 'eval' && split === 'valid');
  expect(own).toMatchObject({
    split: 'valid',
    tokens: last.tokens,
    characters: last.characters,
    loss: last.loss,
  });
  const resumed = await runInProcess(['train', '--resume', run, '--steps', '2'], env);
  expect(resumed.status).toBe(0);
  expect(resumed.stdout).toMatch(/^data .* in 36 documents, validation [\d,]+ tokens in 4 documents$/m);
  expect((await evaluate(run)).characters).toBe(own.characters);
  // The whole text is measured when it is named, and that is said.
  const all = await evaluate(run, '--data', join(folder, '*', '*.txt'));
  expect(all.characters).toBe(STORIES.join('').length);
  expect(all.stderr).toContain('The run was trained on a part of this text.');
  // Another file in the folder is other data.
  put('stories/9.txt', 'Something new.');
  const changed = await runInProcess(['train', '--resume', run, '--steps', '3', '--quiet'], env);
  expect(changed.status).toBe(1);
  expect(changed.stderr).toMatch(/The run was trained on .*; the data is now/);
});

it('validation data that is also trained on gives a notice', async () => {
  const path = put('same.txt', STORIES.join('\n'));
  const { stderr } = await train('same', ['--data', path, '--valid', path]);
  expect(stderr).toContain('Validation data that is training data as well says little');
});

it.each([
  [['--valid', 'a.txt', '--valid-share', '0.1'], /--valid-share.*cannot be used with.*--valid/],
  [['--valid-share', '1'], /above 0 and below 1/],
  [['--set', 'data.valid_share=0.1', '--set', 'data.valid=a.txt'], /'valid' and 'valid_share' are both set/],
])('wrong shares are refused: %j', async (args, message) => {
  const path = put('same.txt', STORIES.join('\n'));
  const { status, stderr } = await runInProcess(['train', 'v61', '--data', path, ...args], env);
  expect(status).not.toBe(0);
  expect(stderr).toMatch(message);
});

it('data suggests the command that reads the same documents', async () => {
  const path = put('a table.csv', STORIES.map((text, i) => `${i},${text}`).join('\n'));
  const { stdout } = await runInProcess(['data', path, '--format', 'lines', '--valid-share', '0.1'], env);
  expect(stdout).toContain(`train v61 --data '${path}' --valid-share 0.1 --format lines`);
  expect(stdout).toMatch(/^valid +4 /m);
  const next = /npx flashlm (train .*)$/m.exec(stdout)![1]!;
  const args = next.match(/'[^']*'|\S+/g)!.map((word) => word.replaceAll("'", ''));
  const small = [
    '--steps',
    '1',
    '--set',
    'data.batch=1',
    '--backend',
    'reference',
    '--out',
    join(dir, 'next'),
  ];
  const trained = await runInProcess([...args, ...small], env);
  expect(trained.stdout).toMatch(/^data .* in 36 documents, validation [\d,]+ tokens in 4 documents$/m);
});
