import type { Kernels } from '../core/kernels.ts';
import type { Parameter, ParameterStore } from '../core/parameter.ts';
import type { Mat } from '../core/tensor.ts';

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

/** Weight decay pulls matrices towards zero; gains would lose their meaning. */
export function decays(p: Parameter): boolean {
  return p.role !== 'gain';
}

/** The optimiser's memory: one flat array a slot, shaped like the parameters. */
export class OptimizerState {
  readonly flat: ReadonlyMap<string, Mat>;
  readonly slotted: readonly SlottedParameter[];

  constructor(store: ParameterStore, optimizer: Optimizer) {
    this.flat = new Map(optimizer.slots.map((name) => [name, store.flat(name)]));
    this.slotted = store.all.map((parameter) => ({
      parameter,
      slots: [...this.flat].map(([name, flat]) => store.slice(flat, parameter, `${name}(${parameter.name})`)),
    }));
  }
}
