import { describe, expect, it } from 'vitest';
import { Comparison, requireOverlap } from '../../src/bench/comparison.ts';
import type { BenchReport } from '../../src/bench/report.ts';
import type { FlashError } from '../../src/core/errors.ts';

/** What a comparison reads of a report, one result of each kind. */
const report = (op: object, step: object): BenchReport =>
  ({
    ops: [{ op: 'ternaryMatmul', choice: null, dims: { M: 8 }, threads: 1, ...op }],
    steps: [{ path: 'dense', threads: 2, ...step }],
    training: { recipe: 'v6.1', tokens: 64 },
  }) as unknown as BenchReport;
const seconds = (median: number) => ({ seconds: { median } });

describe('a comparison', () => {
  const old = report(seconds(4), seconds(6));

  it('an older report without a precision is compared as float32 and ternary codes', () => {
    const now = report({ ...seconds(2), codes: 'ternary' }, { ...seconds(3), compute: 'f32' });
    expect(new Comparison(old, now).ratios.map(({ what, speedup }) => [what, speedup])).toEqual([
      ['ternaryMatmul M=8', 2],
      ['step v6.1 dense 64 tokens', 2],
    ]);
    const product = report({ ...seconds(1), op: 'matmul', choice: 'f32', codes: null }, seconds(6));
    const before = report({ ...seconds(3), op: 'matmul' }, seconds(6));
    expect(new Comparison(before, product).ratios[0]).toMatchObject({ what: 'matmul M=8', speedup: 3 });
  });

  it('a report without anything that will be measured is refused, and both are named', () => {
    const ops = [{ op: 'ternaryMatmul', choice: null, codes: null, dims: { M: 8 } }] as const;
    const training = { recipe: 'v6.1', tokens: 64 };
    const fits = (plan: Parameters<typeof requireOverlap>[1]) => () => requireOverlap(old, plan, 'old.json');
    expect(fits({ ops, training: null })).not.toThrow();
    expect(fits({ ops: [], training })).not.toThrow();
    const other = fits({ ops: [{ ...ops[0], dims: { M: 9 } }], training: { recipe: 'shift', tokens: 64 } });
    expect(other).toThrow('The report to compare with has nothing that this run measures');
    let remedy: string | undefined;
    try {
      other();
    } catch (error) {
      remedy = (error as FlashError).remedy;
    }
    expect(remedy).toBe(
      'It has steps of v6.1 with 64 tokens and 1 more; this run measures steps of shift with 64 tokens and 1 more. ' +
        'Choose the same recipe, ops and shapes.',
    );
  });

  it('measurements of different precisions or kinds of codes are never compared', () => {
    const now = report({ ...seconds(2), codes: 'int8' }, { ...seconds(3), compute: 'bf16' });
    const none = new Comparison(old, now);
    expect(none.ratios).toEqual([]);
    expect(none.unmatched).toEqual([
      'ternaryMatmul(int8 codes) M=8 (1 thread)',
      'step v6.1 dense compute bf16 64 tokens (2 threads)',
    ]);
    expect(new Comparison(now, now).ratios.map(({ what }) => what)).toEqual([
      'ternaryMatmul(int8 codes) M=8',
      'step v6.1 dense compute bf16 64 tokens',
    ]);
  });
});
