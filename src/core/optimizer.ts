import type { Kernels } from './kernels.ts';
import type { Parameter } from './parameter.ts';
import type { Mat } from './tensor.ts';

/** Updates all parameters once from their gradients. What it remembers between steps are named flat slots. */
export interface Optimizer {
  readonly type: string;
  /** The peak learning rate; schedules scale down from it. */
  readonly lr: number;
  /** Names of the flat arrays it keeps beside the parameters; checkpoints write them under these names. */
  readonly slots: readonly string[];
  /** `step` counts from 1. */
  update(k: Kernels, parameters: readonly SlottedParameter[], lr: number, step: number): void;
}

/** A parameter with its part of each slot, in the order of `Optimizer.slots`. */
export interface SlottedParameter {
  readonly parameter: Parameter;
  readonly slots: readonly Mat[];
}
