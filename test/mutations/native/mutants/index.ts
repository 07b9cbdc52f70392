import type { NativeMutant } from '../mutant.ts';
import * as files from './files.ts';

const rank = ({ file, id }: NativeMutant): string => `${file} ${id}`;

/** Sorted by the file that they change. */
export const NATIVE_MUTANTS: readonly NativeMutant[] = Object.values(files)
  .flat()
  .sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
