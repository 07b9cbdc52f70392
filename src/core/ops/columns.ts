import type { Tensor } from '../tensor.ts';
import { type Dims, sizeOf } from './dims.ts';
import type { TensorArg } from './spec.ts';

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
