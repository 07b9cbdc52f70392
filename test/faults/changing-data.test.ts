import { appendFileSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { FlashError } from '../../src/core/errors.ts';
import type { TrainEvent } from '../../src/train/events.ts';
import { type Outcome, outcomeOf, TinyRun, wholeCheckpoints } from './tiny-run.ts';

let tiny: TinyRun;
let whole: Outcome;

beforeAll(async () => {
  tiny = new TinyRun();
  await tiny.train();
  whole = outcomeOf((await tiny.latest())!);
});
beforeEach(() => tiny.clear({ cache: true }));
afterAll(() => {
  vi.unstubAllEnvs();
  tiny.remove();
});

async function failure(work: Promise<unknown>): Promise<FlashError> {
  const error = await work.catch((error: unknown) => error);
  expect(error).toBeInstanceOf(FlashError);
  return error as FlashError;
}

/** The largest: the one that is trained on. */
function tokenFile(): string {
  const folder = join(tiny.cache, 'tokens');
  const paths = readdirSync(folder).map((name) => join(folder, name));
  return paths.sort((a, b) => readFileSync(b).length - readFileSync(a).length)[0]!;
}

function changeOneId(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length - 4]! ^= 1;
  writeFileSync(path, bytes);
}

it.each<[string, (path: string) => void]>([
  ['cut short', (path) => truncateSync(path, 100)],
  ['emptied', (path) => truncateSync(path, 0)],
  ['written to', changeOneId],
  ['made longer', (path) => appendFileSync(path, 'x')],
])(
  'a token file that is %s during the run ends it, and the run resumes with it built again',
  async (_, harm) => {
    let path = '';
    const report = (event: TrainEvent) => {
      if (event.event !== 'step' || event.step !== 5) return;
      path = tokenFile();
      harm(path);
    };
    const error = await failure(tiny.train({ report }));
    expect(error.lines().join('\n')).toMatch(
      /^The token file is damaged: it (became shorter|was changed) .*\n.*\n.*Remove/,
    );
    expect(error.where).toBe(path);
    const run = (await tiny.latest())!;
    expect(await wholeCheckpoints(run)).toEqual([0, 4]);
    rmSync(path);
    await tiny.train();
    expect(outcomeOf(run)).toEqual(whole);
  },
);

it('a token file that another process replaces during a run does not change the run', async () => {
  const report = (event: TrainEvent) => {
    if (event.event !== 'step' || event.step !== 2) return;
    const path = tokenFile();
    const bytes = readFileSync(path);
    rmSync(path);
    writeFileSync(path, bytes);
  };
  await tiny.train({ report });
  expect(outcomeOf((await tiny.latest())!)).toEqual(whole);
});

it.each<[string, 'count' | 'encode', (path: string) => void]>([
  ['grows', 'count', (path) => appendFileSync(path, 'ooooooooooooooooo')],
  ['is emptied', 'count', (path) => truncateSync(path, 0)],
  ['grows', 'encode', (path) => appendFileSync(path, 'ooooooooooooooooo')],
  ['is cut', 'encode', (path) => truncateSync(path, 10)],
])('a text that %s while it is read (%s) leaves no cache entry', async (_, stage, harm) => {
  const path = join(tiny.root, 'train.txt');
  const text = readFileSync(path);
  let harmed = false;
  const error = await failure(
    tiny.train({
      onPrepare: (progress) => {
        if (harmed || progress.stage !== stage) return;
        harmed = true;
        harm(path);
      },
    }),
  );
  writeFileSync(path, text);
  expect(error.message).toBe('The data file changed while it was read');
  expect(error.where).toBe(path);
  expect(await tiny.latest()).toBeUndefined();
  expect(readdirSync(join(tiny.cache, 'tokens'))).toEqual([]);
  expect(readdirSync(join(tiny.cache, 'tokenizers'))).toHaveLength(stage === 'count' ? 0 : 1);
  await tiny.train();
  expect(outcomeOf((await tiny.latest())!)).toEqual(whole);
});
