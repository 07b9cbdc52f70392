import { ROW_CHUNK } from '../../core/kernels.ts';
import { WORK_SHARES } from './work-shares.ts';

/** So that threads without number still have a memory. */
const MAX_THREADS = 2 ** 20;

/** Rows that are packed at once where a product sums over them. */
export const packedRows = (threads: number): number =>
  4 * ROW_CHUNK * Math.ceil(Math.min(threads, MAX_THREADS) / WORK_SHARES.PACKING_THREADS);

/** Rows whose dz the head keeps at once for the table's gradient. */
export function headRowsAtOnce(threads: number, vocab: number): number {
  const fitting = Math.floor(WORK_SHARES.HEAD_VALUES / vocab / ROW_CHUNK) * ROW_CHUNK;
  return Math.max(ROW_CHUNK, Math.min(fitting, packedRows(threads)));
}
