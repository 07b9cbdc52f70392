import { FlashError } from '../../core/errors.ts';
import type { OpName } from '../../core/kernels.ts';
import { type Dims, sizeOf } from '../../core/ops/dims.ts';
import type { TensorArg } from '../../core/ops/table.ts';
import type { Tensor } from '../../core/tensor.ts';
import { poison } from './poison.ts';

/** The columns that a call writes of a tensor with role `part`: from `first` to before `end`. */
export interface Columns {
  readonly first: number;
  readonly end: number;
}

export function columnsOf({ columns }: TensorArg, dims: Dims): Columns {
  const [from, count] = columns!;
  const first = sizeOf(from, dims);
  return { first, end: first + sizeOf(count, dims) };
}

/** A copy of a tensor with 0 in all columns but these. */
export function onlyColumns(t: Tensor, { first, end }: Columns): Tensor {
  const data = t.data.map((value: number, i: number) => {
    const column = i % t.cols;
    return column >= first && column < end ? value : 0;
  });
  return { ...t, data } as Tensor;
}

/** A tensor of which a call writes some columns: those become poison, all others must come back as they were. */
export class Part {
  private readonly before: Tensor['data'];

  constructor(
    private readonly tensor: Tensor,
    private readonly columns: Columns,
  ) {
    const { first, end } = columns;
    const { data, rows, cols } = tensor;
    for (let row = 0; row < rows; row++)
      poison({ ...tensor, data: data.subarray(row * cols + first, row * cols + end) } as Tensor);
    this.before = data.slice();
  }

  /** After the call. @throws FlashError when it wrote outside its columns. */
  refuseOthers(op: OpName): void {
    const { data, cols, label } = this.tensor;
    const { first, end } = this.columns;
    const index = data.findIndex((value, i) => {
      const column = i % cols;
      return (column < first || column >= end) && !Object.is(value, this.before[i]);
    });
    if (index < 0) return;
    const place = `row ${Math.floor(index / cols)}, column ${index % cols}`;
    throw new FlashError(`${op} wrote outside its columns ${first} to ${end - 1} of ${label} (${place})`);
  }
}
