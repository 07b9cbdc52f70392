import type { Kernels } from '../../core/kernels.ts';
import type { Mat } from '../../core/tensor.ts';

/** Copies `cols` columns of each row. */
function copy(to: Mat, toAt: number, from: Mat, fromAt: number, cols: number): void {
  for (let i = 0; i < to.rows; i++)
    for (let d = 0; d < cols; d++) to.data[i * to.cols + toAt + d] = from.data[i * from.cols + fromAt + d]!;
}

export const sliceColumns: Kernels['sliceColumns'] = (out, x, at) => copy(out, 0, x, at, out.cols);

export const pasteColumns: Kernels['pasteColumns'] = (y, x, at) => copy(y, at, x, 0, x.cols);
