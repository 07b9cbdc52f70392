import { effort } from '../effort.ts';

/** How many calls the suites try. */
interface Effort {
  /** Sizes a dimension takes. */
  readonly edges: readonly number[];
  /** Larger calls would make the scalar reference slow without reaching another edge. */
  readonly maxFlops: number;
  /** Calls with random edge sizes, for each op and instruction set. */
  readonly runs: number;
  /** Columns where threads and blocks are compared. */
  readonly width: number;
  readonly threads: readonly number[];
}

/**
 * Around every register width and tile edge of the kernels (4 to 64), their row chunk (256), v6.1's widths,
 * long sums.
 */
const FULL: Effort = {
  edges: effort(
    [
      1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 96, 97, 128, 193, 256, 257, 384,
      1025, 2049,
    ],
    [
      1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 47, 48, 49, 63, 64, 65, 95, 96, 97, 127, 128,
      129, 191, 192, 193, 255, 256, 257, 384, 1025, 2049,
    ],
  ),
  maxFlops: effort(1_000_000, 3_000_000),
  runs: effort(20, 200),
  width: 97,
  threads: effort([2, 5], [2, 3, 5]),
};

/** For emulators, which run JavaScript twenty times slower. */
const QUICK: Effort = {
  edges: [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 47, 65, 257, 1025, 2049],
  maxFlops: 100_000,
  runs: 10,
  width: 33,
  threads: [3],
};

/** FLASHLM_CONFORMANCE=quick chooses QUICK. */
export const EFFORT: Effort = process.env.FLASHLM_CONFORMANCE === 'quick' ? QUICK : FULL;
