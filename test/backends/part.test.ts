import { describe, expect, it } from 'vitest';
import { Part } from '../../src/backends/checked/part.ts';
import { columnsOf, onlyColumns } from '../../src/core/ops/columns.ts';
import type { TensorArg } from '../../src/core/ops/table.ts';
import { mat } from '../../src/core/tensor.ts';

const COLUMNS = { first: 1, end: 3 };

function matrix() {
  const t = mat('f32', 2, 4, 'branches');
  t.data.set([1, 2, 3, 4, 5, 6, 7, 8]);
  return t;
}

describe('a part of a tensor', () => {
  it('has its columns where the op table says', () => {
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

  it('is NaN before the call in the columns that the call must write, and nowhere else', () => {
    const t = matrix();
    new Part(t, COLUMNS);
    expect([...t.data]).toEqual([1, NaN, NaN, 4, 5, NaN, NaN, 8]);
    expect([...onlyColumns(t, COLUMNS).data]).toEqual([0, NaN, NaN, 0, 0, NaN, NaN, 0]);
  });

  it('may be written in its columns, and nowhere else', () => {
    const t = matrix();
    const part = new Part(t, COLUMNS);
    for (const at of [1, 2, 5, 6]) t.data[at] = 9;
    expect(() => part.refuseOthers('add')).not.toThrow();
    t.data[7] = 9;
    expect(() => part.refuseOthers('add')).toThrow(
      'add wrote outside its columns 1 to 2 of branches (row 1, column 3)',
    );
  });

  it('leaves columns alone that hold NaN already', () => {
    const t = matrix();
    t.data[0] = Number.NaN;
    expect(() => new Part(t, COLUMNS).refuseOthers('add')).not.toThrow();
  });
});
