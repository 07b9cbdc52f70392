import type { Precision } from '../../core/compute.ts';
import { ROW_CHUNK } from '../../core/kernels.ts';

/** Values that share 4 bytes when they are packed, where instructions multiply them. */
const PACKING: Readonly<Record<Precision, number>> = { f32: 1, bf16: 2, int8: 4 };

/** Values that share 4 bytes when they are packed; those without instructions are packed as float32. */
export const packingOf = (precision: Precision, accelerates: ReadonlySet<Precision>): number =>
  accelerates.has(precision) ? PACKING[precision] : 1;

/**
 * Bytes of the rows of two matrices that are packed for a sum over all of them (`PackedRows` in
 * `native/kernels`), without the padding of tiles.
 */
export function packedRowsBytes(
  rows: number,
  leftCols: number,
  rightCols: number,
  precision: Precision,
  accelerates: ReadonlySet<Precision>,
): number {
  const chunks = Math.ceil(rows / ROW_CHUNK);
  const values = chunks * ROW_CHUNK * leftCols + rows * rightCols;
  // A scale and a sum for each column of a chunk.
  const scales = precision === 'int8' ? 2 * chunks * leftCols : 0;
  return 4 * (values / packingOf(precision, accelerates) + scales);
}
