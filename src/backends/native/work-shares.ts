/**
 * How native kernels share out their work among threads. `npm run generate` writes these numbers to
 * `native/generated/work_shares.h`, and kernels have no others: what is computed from them here is what kernels do.
 */
export const WORK_SHARES = {
  /** Elements that are worth a separate thread: about the time it takes to wake one. */
  THREAD_ELEMENTS: 16384,
  /** Elements that are worth a thread when they are packed: several times what it takes to wake one. */
  PACK_SHARE: 2 ** 16,
  /** Multiply-adds that are worth a thread: several times what it takes to wake one. */
  PRODUCT_SHARE: 2 ** 20,
  /**
   * Sums over rows, one for each column, are formed in parts of this many rows, in order, and these are added up for each
   * ROW_CHUNK: more parts than chunks keep more threads busy.
   */
  PART_ROWS: 32,
  /** Columns that threads of `scatterAddRows` share out together: a cache line, so that no two threads write to one. */
  SCATTER_COLS: 16,
  /** Threads that find enough to do in the rows that are packed at a time. */
  PACKING_THREADS: 8,
  /** Rows whose logits the head forms at once: still in the second level cache when softmax and dh read them. */
  HEAD_ROWS: 32,
  /** Values of dz that the head keeps for the table's gradient at most, but for one chunk of rows: 64 MB. */
  HEAD_VALUES: 2 ** 24,
} as const;
