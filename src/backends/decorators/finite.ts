import { FlashError } from '../../core/errors.ts';
import type { Kernels, OpName } from '../../core/kernels.ts';
import { flatArgs, flatValues, OP_NAMES } from '../../core/ops.ts';
import type { Tensor } from '../../core/tensor.ts';

/**
 * Kernels that stop at the first NaN or infinity a kernel writes, naming op, tensor and element. It reads every output,
 * so it is for looking into a step that went wrong.
 */
export function finiteKernels(kernels: Kernels): Kernels {
  const wrapped: Record<string, unknown> = {};
  for (const op of OP_NAMES) {
    const written = flatArgs(op).map((arg) => arg.kind === 'tensor' && arg.role !== 'in' && arg.dtype === 'real');
    const inner = kernels[op] as (...args: unknown[]) => unknown;
    wrapped[op] = (...args: unknown[]): unknown => {
      const result = inner(...args);
      flatValues(op, args).forEach((value, i) => {
        if (written[i] && value) refuseNonFinite(op, value as Tensor);
      });
      return result;
    };
  }
  return wrapped as unknown as Kernels;
}

function refuseNonFinite(op: OpName, t: Tensor): void {
  const index = t.data.findIndex((v) => !Number.isFinite(v));
  if (index < 0) return;
  const row = Math.floor(index / t.cols);
  throw new FlashError(`${op} wrote ${t.data[index]} into ${t.label} (row ${row}, column ${index % t.cols})`);
}
