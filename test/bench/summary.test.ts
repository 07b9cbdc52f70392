import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { spread, summarize } from '../../src/bench/measurement.ts';

describe('a summary', () => {
  it('a summary has the median and the quartiles, interpolated between two values', () => {
    expect(summarize([5, 1, 4, 2, 3])).toEqual({ median: 3, low: 2, high: 4, count: 5 });
    expect(summarize([4, 1, 2, 3])).toEqual({ median: 2.5, low: 1.75, high: 3.25, count: 4 });
    expect(summarize([7])).toEqual({ median: 7, low: 7, high: 7, count: 1 });
    expect(() => summarize([])).toThrow(RangeError);
  });

  it('a summary does not depend on the order of values or on one outlier', () => {
    const values = fc.array(fc.double({ min: 1e-9, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(values, (times) => {
        const { median, low, high } = summarize(times);
        expect(low <= median && median <= high).toBe(true);
        expect(summarize([...times].reverse())).toEqual(summarize(times));
      }),
    );
    expect(summarize([1, 1, 1, 1, 1000])).toMatchObject({ median: 1, high: 1 });
  });

  it('a summary gives the spread as a share of the median', () => {
    expect(spread(summarize([90, 95, 100, 105, 110]))).toBeCloseTo(0.05);
  });
});
