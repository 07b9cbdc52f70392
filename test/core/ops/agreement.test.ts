import { describe, expect, it } from 'vitest';
import type { OpName } from '../../../src/core/kernels.ts';
import { deviations, type Outcome } from '../../../src/core/ops/agreement.ts';
import { type Tensor, tensor } from '../../../src/core/tensor.ts';

function matrix(cols: number, values: readonly number[], dtype: 'f32' | 'f64' = 'f64'): Tensor {
  const t = tensor(dtype, values.length / cols, cols, 'out');
  t.data.set(values);
  return t as Tensor;
}

const outcome = (t: Tensor, name = 'out'): Outcome => ({
  tensors: new Map([[name, t]]),
  returned: undefined,
  choices: [],
});

function compare(
  op: OpName,
  actual: readonly number[],
  expected: readonly number[],
  {
    cols = expected.length,
    name = 'out',
    before,
    choices = [],
  }: { cols?: number; name?: string; before?: readonly number[]; choices?: readonly string[] } = {},
) {
  const held = before && new Map([[name, matrix(cols, before)]]);
  const [a, b] = [outcome(matrix(cols, actual, 'f32'), name), outcome(matrix(cols, expected), name)];
  return deviations(op, a, { ...b, choices }, held)[0]!;
}

describe('the agreement of two results', () => {
  it('deviations are relative to the element and the size of its row', () => {
    expect(compare('activation', [1, 2.00001, 3], [1, 2, 3])).toMatchObject({ beyond: 0, mismatch: null });
    expect(compare('activation', [1, 2.001, 3], [1, 2, 3]).mismatch).toMatchObject({
      arg: 'out',
      index: 1,
      expected: 2,
    });
    expect(compare('activation', [0.001, 1], [0, 1]).beyond).toBe(1);
  });

  it('deviations are relative to the size of the row where it is larger than the element', () => {
    const [small, large] = [Array<number>(50).fill(1e-3), [1000, 1e-4]];
    const expected = [...small, ...large];
    const near = [...small, 1000, 1e-4 + 2e-3];
    expect(compare('activation', near, expected, { cols: 2 }).beyond).toBe(0);
  });

  it('deviations do not depend on other rows, unless the table says so', () => {
    const [expected, off] = [
      [1e-3, 1e-3, 1000, 1000],
      [1e-3, 1.1e-3, 1000, 1000],
    ];
    expect(compare('activation', off, expected, { cols: 2 }).mismatch).toMatchObject({ row: 0, col: 1 });
    const column = { cols: 1, name: 'outNats' };
    expect(compare('softmaxCrossEntropy', off, expected, column).beyond).toBe(0);
    expect(compare('softmaxCrossEntropy', off, expected, { ...column, name: 'outDz' }).beyond).toBe(1);
  });

  it('the terms of a sum are computed only where their size can matter', () => {
    let asked = 0;
    const terms = () => {
      asked++;
      return new Map([['out', Float64Array.of(0, 500)]]);
    };
    const against = (actual: readonly number[]) =>
      deviations('matmul', outcome(matrix(2, actual, 'f32')), {
        ...outcome(matrix(2, [1, 1e-3])),
        terms,
      })[0]!;
    expect(against([1, 1e-3]).beyond).toBe(0);
    expect(asked).toBe(0);
    expect(against([1, 2e-3])).toMatchObject({ beyond: 0, mismatch: null });
    expect(asked).toBe(1);
    expect(against([1.001, 1e-3]).mismatch).toMatchObject({ index: 0 });
    expect(against([1, 1e-2]).mismatch).toMatchObject({ index: 1, bound: expect.closeTo(5e-3, 4) });
  });

  it('an infinity or NaN agrees only with itself', () => {
    const { POSITIVE_INFINITY: inf, NaN: nan } = Number;
    expect(compare('activation', [inf, 999, 2], [inf, 1, 2])).toMatchObject({
      beyond: 1,
      mismatch: { index: 1 },
    });
    expect(compare('activation', [5, 1, 2], [inf, 1, 2])).toMatchObject({
      beyond: 1,
      worst: inf,
      mismatch: { index: 0 },
    });
    expect(compare('activation', [nan, 1.0000001, 2], [nan, 1, 2])).toMatchObject({
      beyond: 0,
      mismatch: null,
    });
    expect(compare('activation', [nan, 1, 2], [0, 1, 2])).toMatchObject({ beyond: 1, worst: inf });
  });

  it('accumulated outputs are compared by their change', () => {
    // An addition of 1e-5 to 1 that did not happen: far within 1e-5 of the sum, and all of the change.
    const lost = compare('sgdMomentum', [1, 1], [1 + 1e-5, 1 + 1e-5], { name: 'p', before: [1, 1] });
    expect(lost.beyond).toBe(2);
    const stored = compare('sgdMomentum', [Math.fround(1 + 1e-5)], [1 + 1e-5], { name: 'p', before: [1] });
    expect(stored.beyond).toBe(0);
  });

  it('outputs agree exactly where the table requires it', () => {
    expect(compare('add', [1, 2], [1, 2.0000001]).beyond).toBe(0); // Stored in float32, measured in float64.
    expect(compare('add', [1, 2], [1, 2.000001]).beyond).toBe(1);
  });

  it('the bound depends on the output and the choice, and names which', () => {
    const near = (name: string, precision: string) =>
      compare('headLoss', [1, 2.001], [1, 2], { name, choices: [precision] });
    expect(near('outDh', 'bf16')).toMatchObject({ near: 2 ** -8, beyond: 0 });
    expect(near('outDh', 'f32')).toMatchObject({ near: 1e-5, beyond: 1 });
    expect(near('outNats', 'bf16')).toMatchObject({ near: 1e-5, beyond: 1 });
  });
});
