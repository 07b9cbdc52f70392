import type { NativeMutant } from '../mutant.ts';
import { ELEMENTWISE_MUTANTS } from './elementwise.ts';

export const NATIVE_MUTANTS: readonly NativeMutant[] = [...ELEMENTWISE_MUTANTS];
