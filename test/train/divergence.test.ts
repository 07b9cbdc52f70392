import { describe, expect, it } from 'vitest';
import { DivergenceWatch } from '../../src/train/divergence.ts';

const VOCAB = 1024;
const CHANCE = Math.log(VOCAB);

/** What is said of these losses, by step. */
function told(losses: readonly number[]) {
  const watch = new DivergenceWatch(VOCAB);
  const said = losses.flatMap((loss, i) => {
    const found = watch.add({ step: i + 1, loss, lr: 0.01 });
    return found ? [{ kind: found.kind, step: found.step }] : [];
  });
  return { said, now: watch.now };
}

const times = (count: number, loss: number): number[] => Array.from({ length: count }, () => loss);

describe('DivergenceWatch', () => {
  it('DivergenceWatch reports nothing for a loss that falls, is noisy or stays level', () => {
    const noisy = times(300, 0).map((_, i) => 2 + 5 * Math.exp(-i / 40) + 0.9 * Math.sin(i * 7.3));
    const huge = times(50, 940).map((loss, i) => loss + 40 * Math.sin(i * 7.3));
    expect(told(huge).said).toEqual([{ kind: 'start', step: 1 }]);
    for (const losses of [noisy, times(50, CHANCE), times(50, 4).map((loss, i) => loss - i / 50)])
      expect(told(losses)).toEqual({ said: [], now: null });
  });

  it('DivergenceWatch reports once that a loss rose far above its minimum, and no more after it recovers', () => {
    const losses = [...times(20, CHANCE), ...times(30, 3), ...times(30, 6), ...times(60, 3)];
    const { said, now } = told(losses);
    expect(said.map(({ kind }) => kind)).toEqual(['rise']);
    expect(said[0]!.step).toBeGreaterThan(50);
    expect(said[0]!.step).toBeLessThan(55);
    expect(now).toBeNull();
  });

  it('DivergenceWatch reports a loss far above chance that never fell', () => {
    const { said, now } = told([...times(5, CHANCE), ...times(20, CHANCE + 3)]);
    expect(said.map(({ kind }) => kind)).toEqual(['rise']);
    expect(now).toMatchObject({ kind: 'rise', chance: CHANCE });
  });

  it('DivergenceWatch blames the initial weights, not the rate, for a loss that begins far above chance', () => {
    const { said, now } = told([50, 30, 20, 12, 9, 8, ...times(40, 5)]);
    expect(said).toEqual([{ kind: 'start', step: 1 }]);
    expect(now).toBeNull();
  });

  it('DivergenceWatch does not report one outlier among low losses', () => {
    expect(told([...times(50, 4), 7, ...times(20, 4)]).said).toEqual([]);
  });
});
