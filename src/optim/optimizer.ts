import type { Optimizer, SlottedParameter } from '../core/optimizer.ts';
import type { ParameterStore } from '../core/parameter.ts';
import type { Mat } from '../core/tensor.ts';

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
