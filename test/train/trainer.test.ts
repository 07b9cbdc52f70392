import { describe, expect, it, vi } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { composeModel } from '../../src/compose/run.ts';
import { FlashError } from '../../src/core/errors.ts';
import type { StepEvent } from '../../src/core/hook.ts';
import { memoryOf } from '../../src/core/memory.ts';
import { Random } from '../../src/core/random.ts';
import type { Schedule } from '../../src/core/schedule.ts';
import { cosine, linear } from '../../src/optim/schedules.ts';
import { Sgd } from '../../src/optim/sgd.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import type { Limits, Measure } from '../../src/train/limits.ts';
import { Trainer, type TrainerOptions } from '../../src/train/trainer.ts';

const recipe = await loadRecipe('v61-debug');
const NONE = Number.POSITIVE_INFINITY;
const NO_LIMITS: Limits = { steps: NONE, tokens: NONE, epochs: NONE, seconds: NONE };
const TOKENS = 256;

function trainer(options: Partial<TrainerOptions>, schedule: Schedule = cosine(2, 0.001), lr = 0.01) {
  const model = composeModel(recipe, createReferenceBackend('f64'));
  const optimizer = new Sgd({ lr, momentum: 0.9, weightDecay: 0 });
  const events: StepEvent[] = [];
  const batches = {
    fill: (step: number, ids: Int32Array, targets: Int32Array): void => {
      const random = new Random(step, 'batch');
      for (let i = 0; i < ids.length; i++) ids[i] = Math.floor(random.uniform() * 300);
      targets.set(ids.map((id) => (id * 7 + 1) % 300));
    },
  };
  const made = new Trainer(
    {
      model,
      optimizer,
      optimizerPlan: optimizer.plan(model.store.all, memoryOf(model.backend)),
      schedule,
      batches,
    },
    {
      limits: { ...NO_LIMITS, steps: 5 },
      measure: 'steps',
      clip: null,
      collapse: 'auto',
      seqLen: 32,
      tokensPerStep: TOKENS,
      tokensPerEpoch: 1000,
      blockRows: 'auto',
      ...options,
    },
    [{ onStep: (event) => void events.push(event) }],
  );
  return { trainer: made, events, model };
}

describe('Trainer', () => {
  it.each([
    ['steps', { steps: 3 }, 3],
    ['tokens', { tokens: 1000 }, 4],
    ['epochs', { epochs: 2 }, 8],
    ['time', { seconds: 0 }, 0],
  ] as const)('Trainer stops at the limit of %s', async (ending, limit, steps) => {
    const { trainer: t, events } = trainer({ limits: { ...NO_LIMITS, ...limit } });
    expect(await t.run()).toBe(ending);
    expect(events.length).toBe(steps);
    expect(t.progress).toMatchObject({ step: steps, tokens: steps * TOKENS });
  });

  it.each([
    ['was stopped meanwhile, which used no CPU time', 0.03, 3],
    ['got a tenth of a CPU', 10, 300],
  ])('Trainer counts the time of steps of a process that %s', async (_, cpuSeconds, counted) => {
    // A hundred seconds go by in each step; the clock is read more often than at its beginning and its end.
    const steps = { now: 0, reads: 0 };
    vi.spyOn(performance, 'now').mockImplementation(() =>
      steps.reads++ === 0 ? steps.now : steps.now + 1e5,
    );
    vi.spyOn(process, 'cpuUsage').mockImplementation((before) => {
      if (!before) return { user: 0, system: 0 };
      Object.assign(steps, { now: steps.now + 1e5, reads: 0 });
      return { user: cpuSeconds * 1e6, system: 0 };
    });
    try {
      const { trainer: t } = trainer({ limits: { ...NO_LIMITS, steps: 3 } });
      steps.reads = 0;
      await t.run();
      expect(t.progress.seconds).toBeCloseTo(counted, 6);
    } finally {
      vi.restoreAllMocks();
    }
  });

  it('Trainer finishes the current step when it is interrupted', async () => {
    const abort = new AbortController();
    abort.abort();
    const { trainer: t, events } = trainer({});
    expect(await t.run(abort.signal)).toBe('interrupted');
    expect(events.map((e) => e.step)).toEqual([1]);
  });

  it('Trainer lets signals and timers run, however short its steps are', async () => {
    const abort = new AbortController();
    const { trainer: t } = trainer({ limits: { ...NO_LIMITS, seconds: 5 }, tokensPerStep: 8, seqLen: 8 });
    setTimeout(() => abort.abort(), 0);
    expect(await t.run(abort.signal)).toBe('interrupted');
  });

  it('Trainer follows the schedule from warm-up to the end', async () => {
    const { trainer: t, events } = trainer({ limits: { ...NO_LIMITS, steps: 6 } }, linear(2, 0.002), 0.01);
    await t.run();
    const expected = [0.005, 0.01, 0.01, 0.008, 0.006, 0.004];
    expect(events.map((e) => e.lr)).toEqual(expected.map((lr) => expect.closeTo(lr, 12)));
  });

  it('Trainer has the same rates for the same end in steps, tokens and epochs', async () => {
    const ends = { steps: 6, tokens: 6 * TOKENS, epochs: (6 * TOKENS) / 1000 } as const;
    const rates = Object.entries(ends).map(async ([measure, end]) => {
      const limits = { ...NO_LIMITS, [measure]: end };
      const { trainer: t, events } = trainer({ limits, measure: measure as Measure }, linear(2, 0.002), 0.01);
      await t.run();
      return events.map((e) => e.lr);
    });
    const expected = [0.005, 0.01, 0.01, 0.008, 0.006, 0.004].map((lr) => expect.closeTo(lr, 12));
    expect(await Promise.all(rates)).toEqual([expected, expected, expected]);
  });

  it('Trainer reports the norm before clipping, and clips', async () => {
    const free = trainer({ limits: { ...NO_LIMITS, steps: 1 } });
    const clipped = trainer({ limits: { ...NO_LIMITS, steps: 1 }, clip: 0.25 });
    await free.trainer.run();
    await clipped.trainer.run();
    const norm = (m: typeof free.model): number => Math.hypot(...m.store.grads.data);
    expect(clipped.events[0]!.gradNorm).toBe(free.events[0]!.gradNorm);
    expect(free.events[0]!.gradNorm).toBeGreaterThan(0.25);
    expect(norm(clipped.model)).toBeCloseTo(0.25, 10);
  });

  it('Trainer learns, never under the floor, alike collapsed and dense', async () => {
    const collapsed = trainer({ limits: { ...NO_LIMITS, steps: 12 } });
    const dense = trainer({ limits: { ...NO_LIMITS, steps: 12 }, collapse: 'never' });
    await collapsed.trainer.run();
    await dense.trainer.run();
    expect(collapsed.events[0]!.path).toBe('collapsed');
    expect(dense.events[0]!.path).toBe('dense');
    collapsed.events.forEach((e, i) => {
      expect(e.loss).toBeCloseTo(dense.events[i]!.loss, 9);
      expect(e.loss).toBeGreaterThan(e.floor!);
      expect(e.floor).toBe(dense.events[i]!.floor);
    });
    expect(collapsed.events.at(-1)!.loss).toBeLessThan(collapsed.events[0]!.loss);
  });

  it('Trainer names the first layer and op when the loss is not finite, and does not change the weights', async () => {
    const { trainer: t, model } = trainer({});
    const gain = model.store.all.find((p) => p.name === 'blocks.1.norm.gain')!;
    gain.value.data[3] = 1e308;
    const before = model.store.values.data.slice();
    const error: unknown = await t.run().catch((e: unknown) => e);
    expect(error).toBeInstanceOf(FlashError);
    expect((error as FlashError).message).toMatch(
      /step 1: loss is NaN; first: rmsNorm wrote -?Infinity into blocks\.1\.norm\/out/,
    );
    expect((error as FlashError).where).toBe('blocks.1.norm (rms_norm), forward');
    expect(model.store.values.data).toEqual(before);
  });

  it('Trainer names a parameter that was not finite before the step, not the kernels that read it', async () => {
    const { trainer: t, model } = trainer({});
    model.store.all.find((p) => p.name === 'blocks.1.norm.gain')!.value.data[3] = Number.NaN;
    const error: unknown = await t.run().catch((e: unknown) => e);
    expect((error as FlashError).message).toBe(
      'step 1: loss is NaN; first: training began with NaN in blocks.1.norm.gain (row 0, column 3)',
    );
  });
});
