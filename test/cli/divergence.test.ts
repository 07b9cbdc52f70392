import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runInProcess } from './fake-terminal.ts';

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flashlm-divergence-'));
  vi.stubEnv('FLASHLM_CACHE', join(dir, 'cache'));
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true, force: true });
});

const train = (...changes: readonly string[]) =>
  runInProcess([
    'train',
    'v61-debug',
    ...['--steps', '15', '--out', join(dir, 'runs'), '--backend', 'reference'],
    ...['eval.every=null', 'eval.tokens=64', 'schedule.warmup_steps=0', ...changes].flatMap((set) => [
      '--set',
      set,
    ]),
  ]);

describe('a run that goes wrong', () => {
  it('a diverging run says so while it trains and at its end, with one lower rate that works', async () => {
    const { status, stdout } = await train('optimizer.lr=30', 'schedule.min_lr=30');
    expect(status).toBe(0);
    const warnings = stdout.match(/^warning: the run diverges: .*$/gm)!;
    expect(warnings).toHaveLength(2);
    expect(stdout.indexOf(warnings[0]!)).toBeLessThan(stdout.indexOf('Done after'));
    expect(warnings[1]).toMatch(
      /far above 5\.7038, what guessing gives\. .*: --set optimizer\.lr=0\.01 --set schedule\.min_lr=0\.001$/,
    );
  });

  it('a run with initial weights that are not numbers blames init, not the learning rate', async () => {
    const { status, stdout, stderr } = await train('model.0.embedding.init.normal=1e38');
    expect(status).toBe(1);
    expect(stdout + stderr).not.toMatch(/optimizer\.lr|--resume/);
    expect(stderr.split('\n')).toEqual([
      'error: step 0: the first weights have parameters that are not finite numbers',
      '  No checkpoint was written. The first weights are too large: give embedding.weight a smaller init than 1e+38, such as { normal: 0.02 }.',
      '',
    ]);
  });

  it('an update that is not finite advises a lower rate, not a resume that would fail again', async () => {
    const { status, stdout, stderr } = await train('optimizer.lr=1e30', 'schedule.min_lr=0');
    expect(status).toBe(1);
    expect(stderr).toMatch(/Start again with a lower optimizer\.lr\.$/m);
    // It has learned nothing yet.
    expect(stderr).not.toContain('up to step');
    expect(stdout + stderr).not.toContain('--resume');
  });

  it('a run that fails at its first step, before any update, blames init', async () => {
    const { stdout } = await train(
      'model.0.embedding.init.normal=30',
      'optimizer.lr=0.000001',
      'schedule.min_lr=0',
    );
    expect(stdout).toMatch(
      /^warning: the loss begins at [\d.]+, far above 5\.7038, .* give embedding\.\w+ a smaller init than 30,/m,
    );
    expect(stdout).not.toContain('diverges');
  });
});

it('a rate that the schedule would raise is refused', async () => {
  const { status, stderr } = await train('optimizer.lr=0.0001');
  expect(status).toBe(2);
  expect(stderr).toMatch(
    /--set optimizer\.lr=0\.0001: schedule\.min_lr \(0\.001\) is above optimizer\.lr \(0\.0001\)/,
  );
});
