import type { NativeMutant } from '../mutant.ts';
import { BORDER_MUTANTS } from './border.ts';
import { CHECK_MUTANTS } from './checks.ts';
import { LOSS_MUTANTS } from './loss.ts';
import { OPTIMISER_MUTANTS } from './optimisers.ts';
import { PRODUCT_MUTANTS } from './products.ts';
import { QUANTISER_MUTANTS } from './quantisers.ts';
import { ROW_MUTANTS } from './rows.ts';
import { SCHEDULE_MUTANTS } from './schedule.ts';
import { WRAPPER_MUTANTS } from './wrappers.ts';

export const NATIVE_MUTANTS: readonly NativeMutant[] = [
  ...OPTIMISER_MUTANTS,
  ...ROW_MUTANTS,
  ...LOSS_MUTANTS,
  ...QUANTISER_MUTANTS,
  ...PRODUCT_MUTANTS,
  ...WRAPPER_MUTANTS,
  ...CHECK_MUTANTS,
  ...SCHEDULE_MUTANTS,
  ...BORDER_MUTANTS,
];
