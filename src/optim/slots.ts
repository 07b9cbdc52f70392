import type { Memory } from '../core/memory.ts';
import type { Slot } from '../core/optimizer.ts';
import { FlatLayout, type Parameter } from '../core/parameter.ts';

/** A zeroed slot for some parameters: one array, so that a pass over all of it is one call. */
export function allocateSlot(name: string, parameters: readonly Parameter[], memory: Memory): Slot {
  const layout = new FlatLayout(parameters);
  const flat = memory.mat(1, layout.length, name);
  const parts = parameters.map((parameter) => ({
    parameter,
    values: layout.slice(flat, parameter, `${name}(${parameter.name})`),
  }));
  return { name, flat, parts };
}
