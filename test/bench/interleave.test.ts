import { describe, expect, it } from 'vitest';
import { burst, interleave } from '../../src/bench/measurement.ts';

describe('interleaved measurements', () => {
  it('interleaved measurements take each task in turn, round by round', async () => {
    const order: string[] = [];
    const task = (name: string) => () => order.push(name);
    const shares: number[] = [];
    const results = await interleave([task('a'), task('b'), task('c')], 2, (share) => shares.push(share));
    expect(order.join('')).toBe('abcabc');
    expect(results).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
    expect(shares).toEqual([1, 2, 3, 4, 5, 6].map((done) => done / 6));
  });

  it('interleaved measurements wait for asynchronous tasks', async () => {
    const running: number[] = [];
    let most = 0;
    const task = (n: number) => async () => {
      running.push(n);
      most = Math.max(most, running.length);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running.pop();
      return n;
    };
    expect(await interleave([task(1), task(2)], 2)).toEqual([
      [1, 1],
      [2, 2],
    ]);
    expect(most).toBe(1);
  });
});

describe('a burst', () => {
  it('a burst makes enough calls to fill its time, and one uncounted call', () => {
    let calls = 0;
    const seconds = burst(() => calls++, 0.002)();
    expect(calls).toBeGreaterThan(2);
    expect(seconds).toBeGreaterThan(0);
    // Every counted call lay within the burst.
    expect(seconds * (calls - 1)).toBeGreaterThan(0);
  });

  it('a burst measures one call that takes longer than the burst', () => {
    let calls = 0;
    const wait = () => {
      calls++;
      const end = performance.now() + 5;
      while (performance.now() < end);
    };
    expect(burst(wait, 0.001)()).toBeGreaterThanOrEqual(0.005);
    expect(calls).toBe(2);
  });
});
