import { FlashError } from '../../core/errors.ts';
import type { OpName } from '../../core/kernels.ts';
import type { Columns } from '../../core/ops/columns.ts';
import { placeOf } from '../../core/ops/finite.ts';
import type { Tensor } from '../../core/tensor.ts';
import { poison } from './poison.ts';

/** A tensor of which a call writes some columns: poisons those, then checks that the call changed no others. */
export class PartialOutput {
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

  /** Call it after the kernel. @throws FlashError when the kernel wrote outside its columns. */
  verifyOtherColumns(op: OpName): void {
    const { data, cols, label } = this.tensor;
    const { first, end } = this.columns;
    const index = data.findIndex((value, i) => {
      const column = i % cols;
      return (column < first || column >= end) && !Object.is(value, this.before[i]);
    });
    if (index < 0) return;
    throw new FlashError(
      `${op} wrote outside its columns ${first} to ${end - 1} of ${label} (${placeOf(this.tensor, index)})`,
    );
  }
}
