import { readFileSync } from 'node:fs';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import { ternaryWeights } from '../../src/app/ternary-weights.ts';
import { eventLine } from '../../src/cli/reporters/event-lines.ts';
import { checkpointName } from '../../src/train/checkpoint-files.ts';
import type { TernaryEvent } from '../../src/train/events.ts';
import { runFiles } from '../../src/train/run-directory.ts';
import { outcomeOf, RECIPE, TinyRun } from '../faults/tiny-run.ts';

const made: TinyRun[] = [];
afterEach(() => {
  for (const tiny of made.splice(0)) tiny.remove();
});
afterAll(() => vi.unstubAllEnvs());

/** A checkpoint of every step, so that codes can be counted again from what is on disk. */
const EVERY = RECIPE.replace('checkpoint: { every: 4, keep: 2 }', 'checkpoint: { every: 1, keep: 9 }')
  .replace('lr: 0.01', 'lr: 0.05')
  .replace(
    '- rms_norm\n  - tied_head',
    '- ternary_linear: { out: 8, scale: row }\n  - rms_norm\n  - tied_head',
  );

async function trained(recipe: string): Promise<{ run: string; reports: TernaryEvent[] }> {
  const tiny = new TinyRun(recipe);
  made.push(tiny);
  await tiny.train();
  const run = (await tiny.latest())!;
  const lines = readFileSync(runFiles(run).metrics, 'utf8').trimEnd().split('\n');
  const events = lines.map((line) => JSON.parse(line));
  return { run, reports: events.filter(({ event }) => event === 'ternary') };
}

const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

it('training reports the shares of ternary codes, and those that a step flipped, as two checkpoints have them', async () => {
  const { run, reports } = await trained(EVERY);
  const at = (step: number) => ternaryWeights(`${runFiles(run).checkpoints}/${checkpointName(step)}`);
  expect(reports.map(({ step }) => step)).toEqual([3, 6]);
  for (const { step, layers, ...whole } of reports) {
    const [before, after] = [await at(step - 1), await at(step)];
    const share = (of: (code: number, i: number) => boolean, codes: Int8Array): number =>
      codes.filter(of).length / codes.length;
    const shares = (codes: Int8Array, earlier: Int8Array) => ({
      minus: share((code) => code === -1, codes),
      zero: share((code) => code === 0, codes),
      plus: share((code) => code === 1, codes),
      flipped: share((code, i) => code !== earlier[i], codes),
    });
    expect(layers).toEqual(
      after.map(({ name, codes, scales }, i) => ({
        name,
        ...shares(codes, before[i]!.codes),
        scale: expect.closeTo(mean(scales), 12),
      })),
    );
    const all = (of: typeof after) => Int8Array.from(of.flatMap(({ codes }) => [...codes]));
    expect(whole).toEqual({ event: 'ternary', ...shares(all(after), all(before)) });
    expect(whole.flipped).toBeGreaterThan(0);
  }
});

it('reports of ternary codes change no weight', async () => {
  const [often, never] = [
    await trained(RECIPE.replace('eval: { every: 3 }', 'eval: { every: 1 }')),
    await trained(RECIPE),
  ];
  expect(often.reports).toHaveLength(6);
  expect(outcomeOf(often.run).weights).toBe(outcomeOf(never.run).weights);
});

it('a model without ternary weights has no report of codes', async () => {
  const { reports } = await trained(
    RECIPE.replace('ternary_linear: { out: 8, activations: int8 }', 'linear: { out: 8 }'),
  );
  expect(reports).toEqual([]);
});

it('a person reads the shares of ternary codes in one short line', () => {
  const line = eventLine({
    event: 'ternary',
    step: 1500,
    minus: 0.3121,
    zero: 0.38,
    plus: 0.3079,
    flipped: 0.000213,
    layers: [],
  });
  expect(line).toBe('step 1,500  ternary: 31.2% -1  38.0% 0  30.8% +1  0.0213% flipped by this step');
});
