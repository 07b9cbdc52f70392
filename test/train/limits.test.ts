import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchSource, DATA_ORDERS } from '../../src/data/batches.ts';
import { cosine, linear } from '../../src/optim/schedules.ts';
import {
  defaultMeasure,
  type Limits,
  type Measure,
  type Progress,
  reached,
  shareDone,
} from '../../src/train/limits.ts';
import { numberStream } from '../data/number-stream.ts';

const NONE = Number.POSITIVE_INFINITY;
const NO_LIMITS: Limits = { steps: NONE, tokens: NONE, epochs: NONE, seconds: NONE };
const SECONDS_A_STEP = 0.25;

/** Where a run on `tokens` tokens is after `step` steps of `positions`. */
const after = (step: number, positions: number, tokens: number): Progress => ({
  step,
  tokens: step * positions,
  epochs: (step * positions) / tokens,
  seconds: step * SECONDS_A_STEP,
});

/** Steps that a run takes under these limits. */
function stepsUnder(limits: Limits, positions: number, tokens: number): number {
  let step = 0;
  while (!reached(limits, after(step, positions, tokens))) step++;
  return step;
}

const sizes = fc
  .record({
    seqLen: fc.integer({ min: 1, max: 20 }),
    batch: fc.integer({ min: 1, max: 6 }),
    beyond: fc.integer({ min: 1, max: 300 }),
  })
  .map(({ seqLen, batch, beyond }) => ({
    seqLen,
    batch,
    positions: seqLen * batch,
    tokens: seqLen + beyond,
  }));

describe('limits', () => {
  it('the first limit that is reached ends a run, at the first step with at least that many tokens', () => {
    const limit = fc.option(fc.integer({ min: 1, max: 2000 }), { nil: NONE });
    fc.assert(
      fc.property(sizes, limit, limit, limit, (size, steps, tokens, hundredths) => {
        fc.pre(Math.min(steps, tokens, hundredths) < NONE);
        const limits = { ...NO_LIMITS, steps, tokens, epochs: hundredths / 100 };
        // In whole numbers: n positions are reached in ceil(n / positions) steps.
        const inSteps = [
          steps,
          Math.ceil(tokens / size.positions),
          Math.ceil((hundredths * size.tokens) / (100 * size.positions)),
        ];
        expect(stepsUnder(limits, size.positions, size.tokens)).toBe(Math.min(...inSteps));
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('limits of whole epochs train on every token that often, and on at most one batch more, in either order', () => {
    fc.assert(
      fc.property(
        sizes,
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom(...DATA_ORDERS),
        (size, epochs, order) => {
          const source = new BatchSource(numberStream(size.tokens), { ...size, order, seed: 1 });
          const seen = new Int32Array(size.tokens);
          const ids = new Int32Array(size.positions);
          const steps = stepsUnder({ ...NO_LIMITS, epochs }, size.positions, size.tokens);
          for (let step = 0; step < steps; step++) {
            source.fill(step, ids, ids.slice());
            for (const id of ids) seen[id]!++;
          }
          expect(Math.min(...seen)).toBeGreaterThanOrEqual(epochs);
          const extra = seen.reduce((sum, times) => sum + times - epochs, 0);
          expect(extra).toBeLessThan(size.positions);
        },
      ),
      { seed: 2, numRuns: 100 },
    );
  });

  it('limits for the same end give the same rates in any unit', () => {
    // 40 steps of 25 tokens on data of 200: 1,000 tokens, 5 epochs, 10 seconds.
    const [steps, positions, tokens] = [40, 25, 200];
    const ends: [Measure, Limits][] = [
      ['steps', { ...NO_LIMITS, steps }],
      ['tokens', { ...NO_LIMITS, tokens: 1000 }],
      ['epochs', { ...NO_LIMITS, epochs: 5 }],
      ['seconds', { ...NO_LIMITS, seconds: 10 }],
    ];
    for (const warmup of [0, 7])
      for (const schedule of [linear(warmup, 0.001), cosine(warmup, 0.001)])
        for (let step = 0; step < steps; step++) {
          const shares = ends.map(([measure, limits]) => {
            expect(defaultMeasure(limits)).toBe(measure);
            const at = (k: number) => after(k, positions, tokens);
            return shareDone(limits, measure, at(warmup), at(step));
          });
          const expected = (step - warmup) / (steps - warmup);
          expect(shares).toEqual(ends.map(() => expect.closeTo(expected, 12)));
          const rates = shares.map((share) => schedule.rate(0.1, step, share));
          expect(rates).toEqual(ends.map(() => expect.closeTo(rates[0]!, 12)));
        }
  });

  it('limits that are not set have no share for the schedule, and the share is 1 where nothing is left after warm-up', () => {
    const [start, now] = [after(4, 10, 100), after(6, 10, 100)];
    expect(shareDone(NO_LIMITS, 'epochs', start, now)).toBe(0);
    expect(shareDone({ ...NO_LIMITS, steps: 4 }, 'steps', start, now)).toBe(1);
    expect(shareDone({ ...NO_LIMITS, steps: 8 }, 'steps', start, now)).toBe(0.5);
  });
});
