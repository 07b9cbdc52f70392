import type { Backend } from '../core/backend.ts';
import type { Kernels, OpName } from '../core/kernels.ts';
import { OP_NAMES } from '../core/ops/table.ts';
import { type Around, wrapKernels } from '../core/ops/wrap-kernels.ts';
import { combineWatches } from '../core/watch.ts';

type Kernel = (...values: unknown[]) => unknown;

/** `countOf(4210, 'kernel call')`: `4,210 kernel calls`. */
export function countOf(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}

/** The kernel inside each kernel of a decorated backend. */
const inside = new WeakMap<object, Kernel>();

/** A kernel without its `wrapBackend` decorators. */
export function undecorated(kernel: Kernels[OpName]): Kernel {
  return inside.get(kernel) ?? (kernel as Kernel);
}

/**
 * A backend whose kernels are wrapped; its name shows it: `checked(native)`, `diff(native, reference:f64)`.
 * Calls are not deferred unless `defer` is given, because a wrapper must see memory after the call.
 */
export function wrapBackend(
  name: string,
  inner: Backend,
  around: Around,
  {
    argument,
    ...own
  }: Partial<Pick<Backend, 'watch' | 'allocate' | 'dispose' | 'defer' | 'findings'>> & {
    readonly argument?: string;
  } = {},
): Backend {
  const { defer: _, ...kept } = inner;
  const kernels = wrapKernels(inner.kernels, around);
  for (const op of OP_NAMES) inside.set(kernels[op], undecorated(inner.kernels[op]));
  return {
    ...kept,
    ...own,
    ...(own.findings && { findings: () => [...own.findings!(), ...(inner.findings?.() ?? [])] }),
    ...(own.watch && { watch: combineWatches(own.watch, inner.watch) }),
    name: `${name}(${[inner.name, ...(argument ? [argument] : [])].join(', ')})`,
    kernels,
  };
}
