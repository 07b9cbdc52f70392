import type { Kernels, OpName } from '../kernels.ts';
import { OP_NAMES } from './table.ts';

type Kernel = (...values: unknown[]) => unknown;

/** One kernel with its op's name and, once called, its arguments. */
export type Around = (op: OpName, values: readonly unknown[], call: () => unknown) => unknown;

/** Every kernel of `kernels` with `around` around it: all that a decorator has to say, said once for all ops. */
export function wrapKernels(kernels: Kernels, around: Around): Kernels {
  const wrap = (op: OpName) => {
    const inner = kernels[op] as Kernel;
    return (...values: unknown[]) => around(op, values, () => inner(...values));
  };
  return Object.fromEntries(OP_NAMES.map((op) => [op, wrap(op)])) as unknown as Kernels;
}
