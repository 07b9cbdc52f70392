import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FlashError } from '../../src/core/errors.ts';
import { type BatchOptions, BatchSource } from '../../src/data/batches.ts';
import { numberStream } from './number-stream.ts';

function source(tokens: number, options: Partial<BatchOptions> = {}): BatchSource {
  return new BatchSource(numberStream(tokens), {
    seqLen: 5,
    batch: 3,
    order: 'shuffled',
    seed: 1,
    ...options,
  });
}

/** The ids of batch `step`. Checks that each row is a contiguous piece of the stream and its targets are the next tokens. */
function batch(from: BatchSource, tokens: number, seqLen: number, step: number): number[] {
  const ids = new Int32Array(from.positions);
  const targets = new Int32Array(from.positions);
  from.fill(step, ids, targets);
  // One assertion for all of them: thousands would take most of the time.
  const wrong = ids.findIndex((id, i) => {
    const next = (id + 1) % tokens;
    return targets[i] !== next || ((i + 1) % seqLen !== 0 && ids[i + 1] !== next);
  });
  expect(wrong).toBe(-1);
  return [...ids];
}

/** Sizes around and far from each other, in every remainder. */
const sizes = fc
  .record({
    seqLen: fc.integer({ min: 1, max: 40 }),
    batch: fc.integer({ min: 1, max: 9 }),
    beyond: fc.oneof(fc.integer({ min: 1, max: 45 }), fc.integer({ min: 1, max: 1500 })),
    seed: fc.integer({ min: 0, max: 2 ** 32 }),
  })
  .map(({ beyond, ...rest }) => ({ ...rest, tokens: rest.seqLen + beyond }));

describe('BatchSource', () => {
  it('BatchSource yields every token exactly once an epoch, in either order, for any size of data, sequence and batch', () => {
    fc.assert(
      fc.property(sizes, fc.constantFrom('sequential', 'shuffled'), (size, order) => {
        const { tokens, seqLen } = size;
        const from = source(tokens, { ...size, order });
        const stream: number[] = [];
        for (let step = 0; stream.length < 3 * tokens; step++)
          stream.push(...batch(from, tokens, seqLen, step));
        for (const epoch of [0, 1, 2]) {
          const seen = new Set(stream.slice(epoch * tokens, (epoch + 1) * tokens));
          expect(seen.size, `epoch ${epoch} of ${JSON.stringify(size)}`).toBe(tokens);
        }
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('BatchSource yields the 35 tokens after the last whole sequence too', () => {
    const from = source(72, { seqLen: 37, batch: 1 });
    const epoch = [0, 1].flatMap((step) => batch(from, 72, 37, step));
    expect(new Set(epoch).size).toBe(72);
  });

  it('sequential batches continue where the previous batch stopped, and wrap around', () => {
    const from = source(100_000, { seqLen: 48, batch: 50, order: 'sequential' });
    expect(from.positions).toBe(2400);
    for (const step of [0, 1, 41, 42, 1000, 2 ** 33]) {
      const start = (step * 2400) % 100_000;
      const expected = Array.from({ length: 2400 }, (_, i) => (start + i) % 100_000);
      expect(batch(from, 100_000, 48, step)).toEqual(expected);
    }
  });

  it('a batch larger than the data wraps around', () => {
    const from = source(5, { seqLen: 4, batch: 3, order: 'sequential' });
    expect(batch(from, 5, 4, 1)).toEqual([2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3]);
  });

  it('each epoch has a new shuffled order, which depends only on the seed', () => {
    const starts = (seed: number, epoch: number): number[] => {
      const from = source(500, { seqLen: 5, batch: 100, seed });
      return batch(from, 500, 5, epoch).filter((_, i) => i % 5 === 0);
    };
    const inOrder = Array.from({ length: 100 }, (_, i) => 5 * i);
    expect(starts(1, 0)).not.toEqual(inOrder);
    expect(starts(1, 0)).toEqual(starts(1, 0));
    expect(starts(1, 1)).not.toEqual(starts(1, 0));
    expect(starts(2, 0)).not.toEqual(starts(1, 0));
    for (const epoch of [0, 1]) expect(starts(1, epoch).sort((a, b) => a - b)).toEqual(inOrder);
  });

  it('sequences of shuffled epochs begin at different offsets where they leave a remainder', () => {
    const from = source(103, { seqLen: 5, batch: 1 });
    const offsets = (epoch: number): Set<number> => {
      const rows = Array.from({ length: 20 }, (_, i) => Math.ceil((epoch * 103) / 5) + i);
      return new Set(rows.map((row) => batch(from, 103, 5, row)[0]! % 5));
    };
    // 103 leaves 3 of 5: each epoch's grid begins 3 tokens before the last one's, modulo 5.
    expect([0, 1, 2].map((epoch) => [...offsets(epoch)])).toEqual([[0], [2], [4]]);
  });

  it('BatchSource computes any shuffled batch without the earlier ones, even after 2^40 tokens', () => {
    const steps = [5, 0, 200, 3, 2 ** 33];
    const from = source(1003);
    const inTurn = steps.map((step) => batch(from, 1003, 5, step));
    expect(steps.map((step) => batch(source(1003), 1003, 5, step))).toEqual(inTurn);
  });

  it('data shorter than one sequence and its successor is refused, with the numbers', () => {
    expect(() => source(5)).toThrow(FlashError);
    expect(() => source(5)).toThrow(/has 5 tokens, one sequence needs 6/);
    expect(source(6).positions).toBe(15);
  });
});
