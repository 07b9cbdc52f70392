import type { NativeMutant } from '../mutant.ts';
import { BORDER_MUTANTS } from './border.ts';
import { ELEMENTWISE_MUTANTS } from './elementwise.ts';
import { SCHEDULE_MUTANTS } from './schedule.ts';

export const NATIVE_MUTANTS: readonly NativeMutant[] = [
  ...ELEMENTWISE_MUTANTS,
  ...SCHEDULE_MUTANTS,
  ...BORDER_MUTANTS,
];
