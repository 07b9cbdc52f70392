import type { OpEntry } from './ops/spec.ts';
import type { OpEntries, OpName } from './ops/table.ts';

export type { OpName };

/**
 * Sums over rows (weight, gain and table gradients) are formed in chunks of this many rows: each chunk is summed by
 * itself and then added to the accumulator, in row order. With blocks that are multiples of it, gradients have the
 * same bits for every block size and every number of threads.
 */
export const ROW_CHUNK = 256;

/**
 * Sums whose result decides a quantiser's code (mean |x|) run in float64 over this many interleaved lanes: lane j
 * adds the elements i = j mod 16 in order, then lanes fold in halves (8, 4, 2, 1). Every instruction set can do
 * exactly that, so codes and scales agree bit for bit.
 */
export const SUM_LANES = 16;

/**
 * What a backend must do: a kernel for every op of the table (`ops/entries`), which says what it computes, its shapes, aliasing,
 * agreement bounds and work. The mathematics is written out in `backends/reference`, which is the specification.
 *
 * Outputs come first and are called `out...`; `acc...` arguments are added into. A tensor that a backward needs is an
 * argument of its op, so that one backend's forward works with another's backward.
 */
export type Kernels = {
  [K in OpName]: OpEntries[K] extends OpEntry<infer Kernel> ? Kernel : never;
};
