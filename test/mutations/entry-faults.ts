import type { Backend } from '../../src/core/backend.ts';
import type { Kernels, OpName } from '../../src/core/kernels.ts';
import type { FlatArg } from '../../src/core/ops/calls.ts';
import { flatArgs, flatValues, groupedValues } from '../../src/core/ops/calls.ts';
import type { Tensor } from '../../src/core/tensor.ts';

type Kernel = (...values: unknown[]) => unknown;

/** A mistake in a kernel that follows from one argument of its entry in the op table. */
export interface EntryFault {
  readonly op: OpName;
  /** What the kernel does to the argument. */
  readonly fault: string;
  readonly plantedIn: (backend: Backend) => Backend;
}

/** A fault's effect on one argument: what the kernel is given in its place, and what is done to it after the call. */
interface Effect {
  readonly fault: string;
  readonly given?: (value: Tensor) => Tensor | null;
  readonly after?: (value: Tensor, before: Tensor['data']) => void;
}

/** Further than any bound of the op table. */
const WRONG = 1.01;

function effectsOn(arg: FlatArg): Effect[] {
  if (arg.kind !== 'tensor' || arg.packs) return [];
  const effects: Effect[] = [];
  if (arg.optional && arg.role === 'in') effects.push({ fault: 'is ignored', given: () => null });
  if (arg.role === 'acc') {
    effects.push({
      fault: 'is set rather than added to',
      given: (acc) => {
        acc.data.fill(0);
        return acc;
      },
    });
  }
  if (arg.role === 'inout')
    effects.push({ fault: 'stays as it was', after: (value, before) => value.data.set(before as never) });
  if (arg.role !== 'in') {
    const scaled: Effect['after'] = ({ data, dtype }) => {
      const wrong = (v: number): number => (dtype === 'f32' || dtype === 'f64' ? v * WRONG : v ^ 1);
      for (let i = 0; i < data.length; i++) data[i] = wrong(data[i]!);
    };
    effects.push({ fault: 'is off by a little', after: scaled });
  }
  return effects;
}

/** The faults that an op's entry implies. */
export const entryFaults = (op: OpName): EntryFault[] =>
  flatArgs(op).flatMap((arg, at) =>
    effectsOn(arg).map(({ fault, given, after }): EntryFault => {
      const around =
        (right: Kernel): Kernel =>
        (...values) => {
          const flat = flatValues(op, values);
          const value = flat[at] as Tensor | null;
          const before = value?.data.slice();
          const returned = right(...groupedValues(op, value && given ? flat.with(at, given(value)) : flat));
          if (value && before) after?.(value, before);
          return returned;
        };
      return {
        op,
        fault: `${arg.name} ${fault}`,
        plantedIn: (backend) => {
          const kernels = { ...backend.kernels, [op]: around(backend.kernels[op] as Kernel) } as Kernels;
          return { ...backend, kernels };
        },
      };
    }),
  );
