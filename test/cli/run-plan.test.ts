import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { moreTraining } from '../../src/cli/options.ts';
import {
  BudgetEstimate,
  describeEnd,
  describeNothingLeft,
  type RunPlan,
  warnOfFewSteps,
} from '../../src/cli/reporters/run-plan.ts';
import { limitsAfter, reached, stepsOf, UNLIMITED } from '../../src/train/limits.ts';

const PLAN: RunPlan = { limits: UNLIMITED, tokensPerStep: 65_536, tokensPerEpoch: 72_936, warmupSteps: 100 };

const planOf = (limits: Partial<RunPlan['limits']>, change: Partial<RunPlan> = {}): RunPlan => ({
  ...PLAN,
  ...change,
  limits: { ...UNLIMITED, ...limits },
});

const progressOf = (step: number, seconds: number, { tokensPerStep, tokensPerEpoch } = PLAN) => {
  const tokens = step * tokensPerStep;
  return { step, tokens, epochs: tokens / tokensPerEpoch, seconds };
};

describe('what ends a run', () => {
  it("the steps of a run's limits are counted as the trainer counts them", () => {
    const amount = fc.oneof(
      fc.constant(Number.POSITIVE_INFINITY),
      fc.double({ min: 1e-3, max: 500, noNaN: true }),
    );
    fc.assert(
      fc.property(
        amount,
        amount,
        fc.integer({ min: 1, max: 999 }),
        fc.integer({ min: 1, max: 9999 }),
        (epochs, steps, perStep, perEpoch) => {
          const plan = planOf(
            { epochs, steps: Math.ceil(steps) },
            { tokensPerStep: perStep, tokensPerEpoch: perEpoch },
          );
          const count = stepsOf(plan.limits, perStep, perEpoch);
          if (!Number.isFinite(count)) return;
          expect(reached(plan.limits, progressOf(count, 0, plan))).not.toBeNull();
          expect(reached(plan.limits, progressOf(count - 1, 0, plan))).toBeNull();
        },
      ),
    );
  });

  it.each([
    [{ epochs: 1, seconds: 7200 }, '2 steps of 65,536 tokens (1 epoch), or 2h 00m of training'],
    [{ steps: 1, epochs: 1 }, '1 step of 65,536 tokens'],
    [{ steps: 400 }, '400 steps of 65,536 tokens'],
    [{ tokens: 5e6 }, '77 steps of 65,536 tokens (5M tokens)'],
    [{ seconds: 20 }, '20 s of training, in steps of 65,536 tokens'],
  ])('the limit of %o is described as %s', (limits, text) => expect(describeEnd(planOf(limits))).toBe(text));
});

describe('a run of few steps', () => {
  it('a run that ends within its warm-up gets a warning, with a remedy that a resumed run can use too', () => {
    const plan = planOf({ epochs: 1 });
    expect(warnOfFewSteps(plan, 2)).toMatch(
      /^warning: the run ends after about 2 steps, and .* rises for 100 .*--steps 1000/,
    );
    expect(warnOfFewSteps(plan, 2, true)).toMatch(/--more 1000steps\.$/);
    expect(moreTraining('1000steps')).toEqual({ measure: 'steps', amount: 1000 });
    expect(warnOfFewSteps(plan, 100)).toBeUndefined();
  });

  it('a run without warm-up that is too short to learn gets a warning', () => {
    const plan = planOf({ epochs: 1 }, { warmupSteps: 0 });
    expect(warnOfFewSteps(plan, 9)).toMatch(/after about 9 steps, which change next to nothing/);
    expect(warnOfFewSteps(plan, 10)).toBeUndefined();
  });
});

describe('the steps that a budget holds', () => {
  it('the steps that a time budget holds are reported once, after a few were measured', () => {
    const estimate = new BudgetEstimate(planOf({ seconds: 20 }), progressOf(0, 0));
    const told = [1, 2, 3, 4, 5, 6, 40].map((step) => estimate.stepsOnce(progressOf(step, step / 4)));
    expect(told).toEqual([undefined, undefined, undefined, 80, undefined, undefined, undefined]);
  });

  it('the first steps, slower than the rest, do not count for the steps in a budget', () => {
    const estimate = new BudgetEstimate(planOf({ seconds: 20 }), progressOf(0, 0));
    const told = [4, 5, 5.1, 5.2].map((seconds, i) => estimate.stepsOnce(progressOf(i + 1, seconds)));
    expect(told).toEqual([undefined, undefined, undefined, 4 + 148]);
  });

  it('the steps of a budget are reported after the first step if that uses it up', () => {
    const estimate = new BudgetEstimate(planOf({ seconds: 1 }), progressOf(0, 0));
    expect(estimate.stepsOnce(progressOf(1, 3))).toBe(1);
  });

  it('the steps of a budget include those that a resumed run has done, at the present speed', () => {
    const estimate = new BudgetEstimate(planOf({ seconds: 100 }), progressOf(50, 90));
    const told = [90.5, 91, 91.5, 92].map((seconds, i) => estimate.stepsOnce(progressOf(51 + i, seconds)));
    expect(told.at(-1)).toBe(54 + 16);
  });

  it('the steps of a budget are not reported where another limit ends the run, or the clock does not count', () => {
    const both = new BudgetEstimate(planOf({ seconds: 1000, steps: 20 }), progressOf(0, 0));
    expect(both.stepsOnce(progressOf(10, 10))).toBeUndefined();
    const none = new BudgetEstimate(planOf({ steps: 20 }), progressOf(0, 0));
    expect(none.stepsOnce(progressOf(10, 10))).toBeUndefined();
  });
});

describe('a limit that a resumed run has reached', () => {
  it.each([
    [{ seconds: 60 }, '1m 00s is used. Give --budget 2m, or --more 1m.'],
    [{ seconds: 40 }, '1m 00s is used. Give --budget 2m, or --more 1m.'],
    [{ steps: 500 }, '500 steps are done. Give --steps 1000, or --more 500steps.'],
    [{ tokens: 1e6 }, '32.8M tokens are done. Give --tokens 65500000, or --more 32800000tokens.'],
    [{ epochs: 100 }, '449 epochs are done. Give --epochs 899, or --more 449epochs.'],
  ])('a limit %o that a resumed run has already reached is explained with what to type', (limits, text) => {
    expect(describeNothingLeft(planOf(limits).limits, progressOf(500, 60))).toBe(
      `Nothing was left to train: a limit counts from the start of the run, and ${text}`,
    );
  });

  it('the advice for a finished run of one step names one step', () => {
    expect(describeNothingLeft(planOf({ steps: 1 }).limits, progressOf(1, 2))).toMatch(
      / and 1 step is done\. Give --steps 2, or --more 1step\.$/,
    );
  });
});

describe('--more', () => {
  it.each([
    ['1m', 'seconds', 60],
    ['45s', 'seconds', 45],
    ['1.5h', 'seconds', 5400],
    ['500steps', 'steps', 500],
    ['1step', 'steps', 1],
    ['5Mtokens', 'tokens', 5e6],
    ['5M tokens', 'tokens', 5e6],
    ['0.5epochs', 'epochs', 0.5],
    ['1epoch', 'epochs', 1],
  ])('--more reads %s as %s: %d', (text, measure, amount) =>
    expect(moreTraining(text)).toEqual({ measure, amount }),
  );

  it.each(['', '5', '5M', 'steps', '0steps', '0s', '-1m', '1.5steps5', '1e3epochs', '2 minutes'])(
    '--more rejects %j',
    (text) => expect(() => moreTraining(text)).toThrow('1m, 500steps, 5Mtokens or 1epoch'),
  );

  it('--more counts from the current progress and replaces every other limit', () => {
    const progress = progressOf(10, 7);
    expect(limitsAfter({ measure: 'seconds', amount: 60 }, progress)).toEqual({ ...UNLIMITED, seconds: 67 });
    expect(limitsAfter({ measure: 'steps', amount: 5 }, progress)).toEqual({ ...UNLIMITED, steps: 15 });
    expect(limitsAfter({ measure: 'tokens', amount: 5 }, progress)).toEqual({
      ...UNLIMITED,
      tokens: 655_365,
    });
  });
});
