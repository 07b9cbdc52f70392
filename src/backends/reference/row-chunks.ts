import { ROW_CHUNK } from '../../core/kernels.ts';

/** The rows of each chunk in order; see `ROW_CHUNK`. */
export function* rowChunks(rows: number): Generator<[start: number, end: number]> {
  for (let start = 0; start < rows; start += ROW_CHUNK) yield [start, Math.min(rows, start + ROW_CHUNK)];
}
