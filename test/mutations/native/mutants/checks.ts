import type { NativeMutant } from '../mutant.ts';

/** Checks of indices and sizes. */
export const CHECK_MUTANTS: readonly NativeMutant[] = [
  {
    id: 'index-at-bound',
    fault: 'an index equal to its bound is accepted',
    file: 'src/arguments.cpp',
    at: 'if (first == last || «largest < bound») return;',
    wrong: 'largest <= bound',
    corrupts: true,
  },
  {
    id: 'last-offset',
    fault: 'the last offset is not checked',
    file: 'src/arguments.cpp',
    at: 'for (size_t k = 0; k < «values_[i].length»; k++) {',
    wrong: 'values_[i].length - 1',
    corrupts: true,
  },
  {
    id: 'offsets-fall',
    fault: 'offsets that fall are accepted',
    file: 'src/arguments.cpp',
    at: 'if («at[k] < previous»)',
    wrong: 'false',
    corrupts: true,
  },
  {
    id: 'columns-beyond',
    fault: 'more columns than sums of 32 bits hold are accepted',
    file: 'src/arguments.cpp',
    at: 'if («v.cols > spec.maxCols»)',
    wrong: 'false',
    corrupts: true,
  },
];
