import type { Backend } from '../../core/backend.ts';
import { PRECISIONS } from '../../core/compute.ts';
import type { OpName } from '../../core/kernels.ts';
import { completeKernels, type KernelSource } from '../../core/ops/fused.ts';
import { OPS } from '../../core/ops/table.ts';
import type { Real } from '../../core/tensor.ts';
import * as exported from './kernels.ts';

const isOp = (name: string): name is OpName => Object.hasOwn(OPS, name);
/** The functions of the folder that are named as ops; the rest is what they share. */
const own = Object.fromEntries(
  Object.entries(exported satisfies KernelSource).filter(([name]) => isOp(name)),
) as unknown as KernelSource;

/**
 * The specification: scalar TypeScript, one source for float32 and float64. Arithmetic runs in float64 and each
 * stored result is rounded to the tensors' type, so `f32` shows what float32 storage alone costs.
 */
export function createReferenceBackend(real: Real = 'f32'): Backend {
  return {
    name: real === 'f32' ? 'reference' : 'reference:f64',
    real,
    anyReal: true,
    threads: 1,
    kernels: completeKernels(own),
    own: new Set(Object.keys(own) as OpName[]),
    // It shows what a precision does to a result; there is none in which it would be fast.
    accelerates: new Set(PRECISIONS),
    packedTernaryBytes: () => 0,
    allocate: (bytes) => new Uint8Array(bytes),
    dispose: () => {},
  };
}
