import { describe, expect, it } from 'vitest';
import { PartialOutput } from '../../src/backends/checked/partial-output.ts';
import { columnsOf, onlyColumns } from '../../src/core/ops/columns.ts';
import type { TensorArg } from '../../src/core/ops/spec.ts';
import { mat } from '../../src/core/tensor.ts';

const COLUMNS = { first: 1, end: 3 };

function matrix() {
  const t = mat('f32', 2, 4, 'branches');
  t.data.set([1, 2, 3, 4, 5, 6, 7, 8]);
  return t;
}

describe('PartialOutput', () => {
  it('columnsOf computes the written columns from the op table', () => {
    const arg: TensorArg = {
      kind: 'tensor',
      name: 'out',
      role: 'part',
      dtype: 'real',
      rows: 'M',
      cols: 'A+D+R',
      columns: ['A', 'D'],
    };
    expect(columnsOf(arg, { M: 2, A: 1, D: 2, R: 1 })).toEqual(COLUMNS);
  });

  it('a partial output is NaN before the call in exactly the columns that the call must write', () => {
    const t = matrix();
    new PartialOutput(t, COLUMNS);
    expect([...t.data]).toEqual([1, NaN, NaN, 4, 5, NaN, NaN, 8]);
    expect([...onlyColumns(t, COLUMNS).data]).toEqual([0, NaN, NaN, 0, 0, NaN, NaN, 0]);
  });

  it('a call may write the columns of its partial output and no others', () => {
    const t = matrix();
    const output = new PartialOutput(t, COLUMNS);
    for (const at of [1, 2, 5, 6]) t.data[at] = 9;
    expect(() => output.verifyOtherColumns('add')).not.toThrow();
    t.data[7] = 9;
    expect(() => output.verifyOtherColumns('add')).toThrow(
      'add wrote outside its columns 1 to 2 of branches (row 1, column 3)',
    );
  });

  it('a NaN in the other columns of a partial output does not count as changed', () => {
    const t = matrix();
    t.data[0] = Number.NaN;
    expect(() => new PartialOutput(t, COLUMNS).verifyOtherColumns('add')).not.toThrow();
  });
});
