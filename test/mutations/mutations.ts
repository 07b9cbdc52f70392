import type { Mutation } from './check.ts';
import { ATTENTION_FAULTS } from './faults/attention.ts';
import { KERNEL_FAULTS } from './faults/kernels.ts';
import { LAYER_FAULTS } from './faults/layers.ts';
import { NORM_FAULTS } from './faults/norms.ts';
import { PRODUCT_FAULTS } from './faults/products.ts';
import { RECURRENCE_FAULTS } from './faults/recurrences.ts';
import { ROW_FAULTS } from './faults/rows.ts';
import { TRAINING_FAULTS } from './faults/training.ts';

export const MUTATIONS: readonly Mutation[] = [
  ...PRODUCT_FAULTS,
  ...KERNEL_FAULTS,
  ...NORM_FAULTS,
  ...ROW_FAULTS,
  ...ATTENTION_FAULTS,
  ...RECURRENCE_FAULTS,
  ...LAYER_FAULTS,
  ...TRAINING_FAULTS,
];
