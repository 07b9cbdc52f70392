import { FlashError } from '../../core/errors.ts';
import type { OpName } from '../../core/kernels.ts';
import { flatArgs, flatValues } from '../../core/ops.ts';
import type { Tensor } from '../../core/tensor.ts';

/** Refuses a NaN or an infinity among what a kernel wrote, naming op, tensor and element. @throws FlashError */
export function refuseNonFinite(op: OpName, values: readonly unknown[]): void {
  const args = flatArgs(op);
  flatValues(op, values).forEach((value, i) => {
    const arg = args[i]!;
    if (arg.kind !== 'tensor' || arg.role === 'in' || arg.dtype !== 'real' || value === null) return;
    const t = value as Tensor;
    const index = t.data.findIndex((v) => !Number.isFinite(v));
    if (index < 0) return;
    const [row, col] = [Math.floor(index / t.cols), index % t.cols];
    throw new FlashError(`${op} wrote ${t.data[index]} into ${t.label} (row ${row}, column ${col})`);
  });
}
