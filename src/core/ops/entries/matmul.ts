import type { FloatPrecision } from '../../compute.ts';
import type { Mat } from '../../tensor.ts';
import { accumulate, bench, floatPrecision, input, near, op, output, V61 } from '../arguments.ts';

/** `out = a . b`. */
export const matmul = op<(out: Mat, a: Mat, b: Mat, precision: FloatPrecision) => void>({
  args: [output('out', 'M', 'N'), input('a', 'M', 'K'), input('b', 'K', 'N'), floatPrecision],
  independent: 'row',
  schedule: 'serial',
  // In the head: the gradient of its rows.
  sizes: bench({ M: V61.rows, K: V61.vocab, N: V61.width }),
  agree: near,
  flops: ({ M, N, K }) => 2 * M * N * K,
});

/** `out = a . b^T`. */
export const matmulTransB = op<(out: Mat, a: Mat, b: Mat, precision: FloatPrecision) => void>({
  args: [output('out', 'M', 'N'), input('a', 'M', 'K'), input('b', 'N', 'K'), floatPrecision],
  independent: 'row',
  schedule: 'serial',
  // Its logits.
  sizes: bench({ M: V61.rows, K: V61.width, N: V61.vocab }),
  agree: near,
  flops: ({ M, N, K }) => 2 * M * N * K,
});

/** `acc += a^T . b`. */
export const matmulTransA = op<(acc: Mat, a: Mat, b: Mat, precision: FloatPrecision) => void>({
  args: [accumulate('acc', 'K', 'N'), input('a', 'M', 'K'), input('b', 'M', 'N'), floatPrecision],
  independent: 'row',
  schedule: 'serial',
  // The gradient of its table.
  sizes: bench({ K: V61.vocab, M: V61.rows, N: V61.width }),
  agree: near,
  flops: ({ M, N, K }) => 2 * M * N * K,
});
