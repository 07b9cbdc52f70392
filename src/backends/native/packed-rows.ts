import type { Precision } from '../../core/compute.ts';
import { ROW_CHUNK } from '../../core/kernels.ts';

/** How many values 4 bytes hold when they are packed for the instructions of an instruction set or an extension. */
const PACKING: Readonly<Record<string, Partial<Record<Precision, number>>>> = {
  avx2: { int8: 2 },
  vnni: { int8: 4 },
  bf16: { bf16: 2 },
  amx: { bf16: 2, int8: 4 },
  dotprod: { int8: 4 },
};

/** Values that share 4 bytes when they are packed; those without instructions are packed as float32. */
export const packingOf = (precision: Precision, isa: string, features: readonly string[]): number =>
  Math.max(1, ...[isa, ...features].map((name) => PACKING[name]?.[precision] ?? 1));

/**
 * Bytes of the rows of two matrices that are packed for a sum over all of them (`PackedRows` in
 * `native/kernels`), without the padding of tiles. `packing`: values that share 4 bytes.
 */
export function packedRowsBytes(
  rows: number,
  leftCols: number,
  rightCols: number,
  precision: Precision,
  packing: number,
): number {
  const chunks = Math.ceil(rows / ROW_CHUNK);
  const values = chunks * ROW_CHUNK * leftCols + rows * rightCols;
  // A scale and a sum for each column of a chunk.
  const scales = precision === 'int8' ? 2 * chunks * leftCols : 0;
  return 4 * (values / packing + scales);
}
