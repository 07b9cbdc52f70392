import { describe, expect, it } from 'vitest';
import type { Schedule } from '../../src/core/schedule.ts';
import { createSchedule } from '../../src/recipes/create.ts';
import { loadRecipe } from '../../src/recipes/load.ts';

/** The schedule that YAML says. */
async function scheduleOf(yaml: string): Promise<Schedule> {
  const recipe = await loadRecipe('v61-debug', { set: [`schedule=${yaml}`, 'optimizer.lr=0.8'] });
  return createSchedule(recipe.schedule);
}

const cosineTo = (peak: number, end: number, done: number): number =>
  end + ((peak - end) * (1 + Math.cos(Math.PI * done))) / 2;

/** Rates at shares of the run after warm-up, for a peak of 0.8. */
const CASES: readonly (readonly [string, (done: number) => number])[] = [
  ['constant', () => 0.8],
  ['{ type: linear, min_lr: 0.2 }', (t) => 0.8 - 0.6 * t],
  ['{ type: linear, floor: 0.5 }', (t) => 0.8 - 0.4 * t],
  ['{ type: cosine, floor: 0.25 }', (t) => cosineTo(0.8, 0.2, t)],
  ['{ type: one_minus_sqrt, min_lr: 0.1 }', (t) => 0.1 + 0.7 * (1 - t ** 0.5)],
  ['wsd', (t) => (t < 0.8 ? 0.8 : 0.8 * (1 - (t - 0.8) / 0.2))],
  [
    '{ type: wsd, decay: 0.5, shape: one_minus_sqrt, floor: 0.5 }',
    (t) => (t < 0.5 ? 0.8 : 0.4 + 0.4 * (1 - ((t - 0.5) / 0.5) ** 0.5)),
  ],
  // BitNet b1.58: from the peak to two thirds of it, then to 0.
  ['two_stage', (t) => (t < 0.5 ? 0.8 * (1 - (2 / 3) * t) : 0.8 * (4 / 3) * (1 - t))],
  [
    '{ type: two_stage, at: 0.25, first_end: 0.5, second_start: 0.25, floor: 0.125 }',
    (t) => (t < 0.25 ? 0.8 - 0.4 * (t / 0.25) : 0.2 - 0.1 * ((t - 0.25) / 0.75)),
  ],
  [
    '{ type: phases, phases: [{ share: 0.25, schedule: { type: linear, floor: 0.5 } }, ' +
      '{ share: 0.75, peak: 0.5, schedule: cosine }] }',
    (t) => (t < 0.25 ? 0.8 - 0.4 * (t / 0.25) : cosineTo(0.4, 0, (t - 0.25) / 0.75)),
  ],
];

describe('a schedule', () => {
  it.each(CASES)('the schedule %s has the rates of its formula', async (yaml, formula) => {
    const { rate, warmupSteps } = await scheduleOf(yaml);
    expect(warmupSteps).toBe(0);
    for (const done of [0, 0.1, 0.25, 0.4, 0.5, 0.7, 0.8, 0.9, 1]) {
      expect(rate(0.8, 1000, done), `at ${done}`).toBeCloseTo(formula(done), 12);
    }
  });

  it('a cyclic schedule falls from a lower peak each time, counted from the end of warm-up (v6)', async () => {
    const { rate } = await scheduleOf(
      '{ type: cycles, steps: 500, factor: 0.85, min_lr: 0.0001, warmup_steps: 100 }',
    );
    for (const step of [100, 101, 599, 600, 850, 1100, 5000]) {
      const [cycle, within] = [Math.floor((step - 100) / 500), ((step - 100) % 500) / 500];
      expect(rate(0.004, step, 0), `step ${step}`).toBeCloseTo(
        cosineTo(0.004 * 0.85 ** cycle, 0.0001, within),
        12,
      );
    }
    expect(rate(0.004, 49, 0)).toBeCloseTo(0.002, 12);
    expect(rate(0.004, 1e6, 1)).toBeGreaterThanOrEqual(0.0001);
  });

  it('every schedule rises linearly over its warm-up steps', async () => {
    for (const type of ['constant', 'linear', 'cosine', 'one_minus_sqrt', 'wsd', 'two_stage']) {
      const { rate } = await scheduleOf(`{ type: ${type}, warmup_steps: 4 }`);
      expect([0, 1, 2, 3, 4].map((step) => rate(0.8, step, 0))).toEqual(
        [0.2, 0.4, 0.6, 0.8, 0.8].map((lr) => expect.closeTo(lr, 12)),
      );
    }
  });

  it.each([
    ['{ share: 0.5, schedule: cosine }, { share: 0.4, schedule: linear }', 'add up to 0.9, not to 1'],
    ['{ share: 1, schedule: { type: cosine, warmup_steps: 5 } }', 'phases.0: a phase has no warm-up steps'],
    [
      '{ share: 1, schedule: { type: cosine, over: steps } }',
      "phases.0: 'over' belongs to the whole schedule",
    ],
  ])('a schedule with the phases %s is refused', async (phases, message) => {
    await expect(scheduleOf(`{ type: phases, phases: [${phases}] }`)).rejects.toThrow(message);
  });
});
