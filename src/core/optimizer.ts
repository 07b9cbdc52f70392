import type { FloatPrecision } from './compute.ts';
import type { Kernels } from './kernels.ts';
import type { Memory } from './memory.ts';
import type { Parameter } from './parameter.ts';
import type { Mat } from './tensor.ts';

/** How parameters change by their gradients: a rule without memory, which `plan` gives it. */
export interface Optimizer {
  readonly type: string;
  /** The peak learning rate; schedules scale down from it. */
  readonly lr: number;
  /**
   * Asks `memory` for all that updates of these parameters need; nothing is allocated afterwards.
   * @throws FlashError for parameters that the rule cannot update.
   */
  plan(parameters: readonly Parameter[], memory: Memory): OptimizerPlan;
}

/** The updates of some parameters, and their memory. */
export interface OptimizerPlan {
  /** What it remembers between steps: checkpoints hold it. */
  readonly slots: readonly Slot[];
  /** What it needs during an update only. */
  readonly scratch: readonly Mat[];
  /** The parameters by the optimiser that updates them, where those are several. */
  readonly groups?: readonly OptimizerGroup[];
  /** Updates the planned parameters once from their gradients. */
  update(k: Kernels, step: UpdateStep): void;
}

/** One array beside the parameters, such as a running mean. Checkpoints call its parts `name/parameter`. */
export interface Slot {
  readonly name: string;
  /** All parts, padding included (always 0), as one row. */
  readonly flat: Mat;
  readonly parts: readonly SlotPart[];
}

/** A parameter with its part of a slot, which has its shape. */
export interface SlotPart {
  readonly parameter: Parameter;
  readonly values: Mat;
}

export interface OptimizerGroup {
  /** What the recipe selects them by: `ternary, blocks.*.up.weight`; `otherwise` for the rest. */
  readonly match: string;
  /** The type of the optimiser. */
  readonly optimizer: string;
  readonly lr: number;
  readonly parameters: readonly Parameter[];
}

/** One update of a run. */
export interface UpdateStep {
  /** Counts from 1. */
  readonly step: number;
  /** The learning rate of this step, for an optimiser with the planned one's `lr`. */
  readonly lr: number;
  /** Weight decays are multiplied by it. */
  readonly decayFactor: number;
  /** Tokens that the gradients are the mean of. */
  readonly tokens: number;
  /** What products of an update may round their operands to. */
  readonly products: FloatPrecision;
}
