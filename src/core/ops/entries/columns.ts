import type { Mat } from '../../tensor.ts';
import { bench, input, op, output, part, size, V61 } from '../arguments.ts';

/** The second of three parts of a row, as of [q|k|v]. */
const middleColumns = bench({ A: V61.width, R: V61.width });

/** `out` is the columns of x from `at` on. */
export const sliceColumns = op<(out: Mat, x: Mat, at: number) => void>({
  args: [output('out', 'M', 'D'), input('x', 'M', 'A+D+R'), size('at', 'A')],
  independent: 'row',
  mayBeZero: ['A', 'R'],
  sizes: middleColumns,
  agree: 'exact',
  flops: () => 0,
});

/** Copies x into the columns of y from `at` on, and leaves the others as they are. */
export const pasteColumns = op<(y: Mat, x: Mat, at: number) => void>({
  args: [part('y', 'M', 'A+D+R', ['A', 'D']), input('x', 'M', 'D'), size('at', 'A')],
  independent: 'row',
  mayBeZero: ['A', 'R'],
  sizes: middleColumns,
  agree: 'exact',
  flops: () => 0,
});
