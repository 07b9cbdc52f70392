import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { runInProcess } from './fake-terminal.ts';

let dir: string;
let whole: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flashlm-resume-'));
  vi.stubEnv('FLASHLM_CACHE', join(dir, 'cache'));
  const out = join(dir, 'runs');
  const args = [
    '--steps',
    '20',
    '--out',
    out,
    '--quiet',
    '--set',
    'eval.tokens=64',
    '--set',
    'eval.every=null',
    '--set',
    'sample.every=2',
    '--set',
    'sample.max_tokens=2',
  ];
  expect(await runInProcess(['train', 'v61-debug', '--backend', 'reference', ...args])).toMatchObject({
    status: 0,
  });
  whole = join(out, (await readdir(out))[0]!);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true, force: true });
});

/** Goes on with a copy of the run, which has done its 20 steps. */
async function resume(name: string, ...flags: string[]) {
  const run = join(dir, name);
  await cp(whole, run, { recursive: true });
  const result = await runInProcess(['train', '--resume', run, ...flags]);
  const lines = (await readFile(join(run, 'metrics.jsonl'), 'utf8')).trim().split('\n');
  const events = lines.map((line) => JSON.parse(line));
  const steps = events.filter(({ event }) => event === 'step');
  const stepsWith = (name: string): number[] =>
    events.filter(({ event, step }) => event === name && step > 20).map(({ step }) => step);
  return { ...result, run, steps, stepsWith, ended: steps.at(-1).step as number };
}

it('a run whose limit is reached says that limits count from the start, and what to type', async () => {
  const { stdout, ended } = await resume('reached');
  expect(ended).toBe(20);
  expect(stdout).toMatch(/^going on after step 20 and .* of training, which limits count too$/m);
  expect(stdout).toContain('20 steps are done. Give --steps 40, or --more 20steps.');
});

it.each([
  ['3steps', 23],
  ['512tokens', 22],
])("--more %s continues from the run's position, to step %d", async (amount, step) => {
  const { status, ended } = await resume(`more-${step}`, '--more', amount, '--quiet');
  expect({ status, ended }).toEqual({ status: 0, ended: step });
});

it('a run with --more has its samples when they are due, and its codes at its new last step alone', async () => {
  const { stepsWith } = await resume('more-events', '--more', '5steps', '--quiet');
  expect(stepsWith('sample')).toEqual([22, 24, 25]);
  expect(stepsWith('ternary')).toEqual([25]);
});

it('--more with a time trains for that time in addition to what the run has used', async () => {
  const { status, ended, steps } = await resume('more-time', '--more', '0.01s', '--quiet');
  expect(status).toBe(0);
  expect(ended).toBeGreaterThan(20);
  const at = (step: number) => steps.find((event) => event.step === step).seconds;
  expect(at(ended) - at(20)).toBeGreaterThanOrEqual(0.01);
});

it('a new end says that it stretches the schedule, and to which rate', async () => {
  const { stderr, steps } = await resume('stretched', '--more', '20steps', '--quiet');
  const [, now, own] =
    /the learning rate of the next step is ([\d.e-]+), with the run's own end it is ([\d.e-]+)\./.exec(
      stderr,
    )!;
  expect(Number(own)).toBeCloseTo(0.001, 6);
  expect(Number(now)).toBeGreaterThan(0.003);
  expect(steps.find(({ step }) => step === 21).lr).toBeCloseTo(Number(now), 4);
});

it('a run that keeps its end says nothing about its schedule', async () => {
  const { stderr } = await resume('kept', '--steps', '20', '--quiet');
  expect(stderr).toBe('');
});

it.each([
  [['--more', '1m', '--steps', '5'], /cannot be used with option '--steps/],
  [['--more', '5'], /1m, 500steps, 5Mtokens or 1epoch/],
])('resuming refuses %j', async (flags, message) => {
  expect(await runInProcess(['train', '--resume', whole, ...flags])).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(message),
  });
});

it('--more is refused for a new run, which has its own limits', async () => {
  expect(await runInProcess(['train', 'v61-debug', '--more', '1m', '--out', join(dir, 'new')])).toMatchObject(
    {
      status: 2,
      stderr: expect.stringMatching(/--more needs --resume/),
    },
  );
});

it('--out is refused beside the name of a run to resume, where it has no effect', async () => {
  const out = ['--out', join(dir, 'elsewhere')];
  const { status, stderr } = await runInProcess(['train', '--resume', whole, ...out]);
  expect([status, stderr]).toEqual([2, expect.stringContaining('--out has no effect with --resume')]);
  // Without a name it says where the newest run is.
  const latest = await runInProcess(['train', '--resume', ...out]);
  expect(latest.stderr).toContain('There is no run');
});
