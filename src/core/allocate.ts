import type { Backend } from './backend.ts';
import { FlashError } from './errors.ts';
import { formatBytes } from './format-bytes.ts';
import { BYTES, type DType, type Mat, type Tensor, tensor } from './tensor.ts';

/** A zeroed tensor in the backend's memory. */
export function allocateTensor<D extends DType>(
  backend: Pick<Backend, 'allocate'>,
  dtype: D,
  rows: number,
  cols: number,
  label: string,
): Tensor<D> {
  return tensor(dtype, rows, cols, label, allocate(backend, rows * cols * BYTES[dtype], label));
}

/** Zeroed memory of a backend. @throws FlashError where there is no room for it, naming the bytes. */
export function allocate(backend: Pick<Backend, 'allocate'>, bytes: number, label: string): Uint8Array {
  try {
    return backend.allocate(bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const limit = error.message.startsWith('Invalid') ? '; no array is as long as that here' : '';
    throw new FlashError(`Out of memory: ${label} needs ${bytes} bytes (${formatBytes(bytes)})${limit}`, {
      remedy:
        'Make the model, data.batch or train.block_rows smaller, or give the process more memory (`ulimit -v`).',
      cause: error,
    });
  }
}

/** `allocateTensor` for the backend's real type. */
export function allocateMat(backend: Backend, rows: number, cols: number, label: string): Mat {
  return allocateTensor(backend, backend.real, rows, cols, label) as Mat;
}
