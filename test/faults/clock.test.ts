import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { runFiles } from '../../src/train/run-directory.ts';
import { type Outcome, outcomeOf, RECIPE, TinyRun } from './tiny-run.ts';

let tiny: TinyRun;
let whole: Outcome;

beforeAll(async () => {
  tiny = new TinyRun(RECIPE.replace('seed: 1', 'seed: 1, budget: 1h'));
  await tiny.train();
  whole = outcomeOf((await tiny.latest())!);
});
beforeEach(() => tiny.clear({ cache: true }));
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});
afterAll(() => {
  vi.unstubAllEnvs();
  tiny.remove();
});

const events = (run: string): Record<string, unknown>[] =>
  readFileSync(runFiles(run).metrics, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

it('a system date that jumps back and far ahead changes neither the run nor its time budget', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const dates = ['1970-01-01', '2100-01-01', '2026-01-01'].map((text) => new Date(text));
  let jumps = 0;
  const jump = () => vi.setSystemTime(dates[jumps++ % dates.length]!);
  jump();
  const stop = new AbortController();
  await tiny.train({
    signal: stop.signal,
    onPrepare: jump,
    report: (event) => {
      jump();
      if (event.step === 4) stop.abort();
    },
  });
  // The same run is found again, taken over and ended, half a century before or after it began.
  await tiny.train({ onPrepare: jump, report: jump });
  expect(jumps).toBeGreaterThan(10);
  const run = (await tiny.latest())!;
  const { metrics, ...files } = outcomeOf(run);
  expect(files).toEqual(Object.fromEntries(Object.entries(whole).filter(([name]) => name !== 'metrics')));
  const interruption = { event: 'done', step: 4, ending: 'interrupted' };
  expect(metrics).toContainEqual(interruption);
  const others = metrics.filter((event) => (event as { ending?: string }).ending !== 'interrupted');
  expect(others).toEqual(whole.metrics);
});

it('a monotonic clock that goes backwards never gives a negative time or an infinite rate', async () => {
  const real = performance.now.bind(performance);
  let calls = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => real() - 1e6 * calls++);
  await tiny.train();
  const run = (await tiny.latest())!;
  expect(outcomeOf(run)).toEqual(whole);
  for (const event of events(run)) {
    if (event.event === 'step') expect(event.tokensPerSecond).toBeGreaterThan(0);
    if (event.event === 'done') expect(event.seconds).toBeGreaterThan(0);
  }
  await tiny.train(); // the state can be read again
});

it('runs that start in the same second twice, after the clock is set back, get different names', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date(2026, 9, 25, 2, 30) });
  const names: string[] = [];
  for (let i = 0; i < 3; i++) {
    const session = await tiny.openNew();
    names.push(session.directory.path.slice(tiny.runs.length + 1));
    await session.close();
  }
  expect(names).toEqual(['tiny-20261025-023000', 'tiny-20261025-023000-2', 'tiny-20261025-023000-3']);
});
