import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { Random } from '../../src/core/random.ts';
import { effort } from '../effort.ts';
import { atCall } from '../faults/at-call.ts';
import { leftovers, type Outcome, outcomeOf, RECIPE, TinyRun, wholeCheckpoints } from '../faults/tiny-run.ts';
import { type CliProcess, finished, startCli } from './cli-process.ts';
import { runInProcess } from './fake-terminal.ts';

// `npm run test:crash` gives more kills, at other moments.
const KILLS = Number(process.env.FLASHLM_TEST_KILLS ?? effort(3, 60));
const SEED = Number(process.env.FLASHLM_TEST_SEED ?? 1);
const STEPS = 150;

const tiny = new TinyRun(
  RECIPE.replace(/{ steps: \d+/, `{ steps: ${STEPS}`)
    .replace('checkpoint: { every: 4', 'checkpoint: { every: 10')
    .replace('eval: { every: 3', 'eval: { every: 20')
    .replace('sample: { every: 4', 'sample: { every: 15'),
);
afterAll(() => {
  vi.unstubAllEnvs();
  tiny.remove();
});

const start = (imports: readonly string[] = []): CliProcess =>
  startCli(['train', tiny.recipe, '--out', tiny.runs, '--json'], { imports });

let whole: Outcome;
let changes: number;
/** Milliseconds from the start to the first event, and from there to the end. */
let before: number;
let during: number;

beforeAll(async () => {
  const count = join(tiny.root, 'count');
  const began = performance.now();
  const child = start([atCall({ root: tiny.root, count })]);
  child.stdout.once('readable', () => {
    before = performance.now() - began;
  });
  expect(await finished(child)).toMatchObject({ status: 0 });
  during = performance.now() - began - before;
  changes = Number(readFileSync(count, 'utf8'));
  whole = outcomeOf((await tiny.latest())!, STEPS);
});

const random = new Random(SEED, 'kills');
const below = (limit: number): number => random.uniform() * limit;

/** Three kinds of moments in turn: any time at all, any time of the run itself, any change of the disk. */
const kinds: Readonly<Record<string, () => Promise<string>>> = {
  async 'at any time'() {
    const ms = below(before + during);
    const child = start();
    const end = finished(child);
    await sleep(ms);
    child.kill('SIGKILL');
    await end;
    return `${ms} ms after its start`;
  },
  async 'while it trains'() {
    const ms = below(during);
    const child = start();
    const end = finished(child);
    await new Promise((resolve) => child.stdout.once('readable', resolve));
    await sleep(ms);
    child.kill('SIGKILL');
    await end;
    return `${ms} ms after its first event`;
  },
  async 'at a change of the disk'() {
    const call = Math.floor(below(changes));
    const end = below(2) < 1 ? 'half' : 'after';
    const child = start([atCall({ root: tiny.root, call, end, signal: 'SIGKILL' })]);
    expect((await finished(child)).status).toBe(137);
    return `at call ${call}, ${end}`;
  },
};

const moments = Array.from({ length: KILLS }, (_, i) => [i + 1, Object.keys(kinds)[i % 3]!] as const);

it.each(moments)(`a killed run that is resumed leaves the same files (${SEED}/%i, %s)`, async (_, kind) => {
  tiny.clear({ cache: true });
  const moment = await kinds[kind]!();
  const killed = await tiny.latest();
  const goOn = () => runInProcess(['train', '--resume', '--out', tiny.runs, '--json']);
  if (killed) {
    await wholeCheckpoints(killed);
    expect(await goOn(), moment).toMatchObject({ status: 0 });
  } else {
    // Nothing had begun: the person types the same command again.
    expect(await goOn(), moment).toMatchObject({ status: 2 });
    await tiny.train();
  }
  const run = (await tiny.latest())!;
  expect(outcomeOf(run, STEPS), moment).toEqual(whole);
  expect(leftovers(run), moment).toEqual([]);
});
