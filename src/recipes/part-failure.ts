import type { Backend } from '../core/backend.ts';
import { FlashError } from '../core/errors.ts';
import type { Kernels } from '../core/kernels.ts';
import { OP_NAMES } from '../core/ops/table.ts';

/** What a method of a part threw, with the part's name; a FlashError says enough. */
function partFailure(error: unknown, part: string, method: string): unknown {
  if (error instanceof FlashError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new FlashError(`The ${part} failed in ${method}: ${message}`, { cause: error });
}

/** `part` (`optimizer 'lion'`), whose methods put its name to what they throw. */
export function nameFailures<T extends object>(made: T, part: string): T {
  const named = new Map<unknown, unknown>();
  return new Proxy(made, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      // The same function each time, whoever compares them; made once, as kernels are called thousands of times.
      if (!named.has(value)) named.set(value, nameFailure(value.bind(target), part, String(key)));
      return named.get(value);
    },
  });
}

function nameFailure<A extends unknown[], R>(call: (...args: A) => R, part: string, method: string) {
  return (...args: A): R => {
    try {
      return call(...args);
    } catch (error) {
      throw partFailure(error, part, method);
    }
  };
}

/** `backend` with the part's name on what its kernels throw, but for those that it has from another backend. */
export function nameKernelFailures(backend: Backend, part: string, inner?: Backend): Backend {
  const kernels = OP_NAMES.map((op) => {
    const kernel = backend.kernels[op];
    const isInners = kernel === inner?.kernels[op];
    return [op, isInners ? kernel : nameFailure(kernel as never, part, op)] as const;
  });
  return nameFailures({ ...backend, kernels: Object.fromEntries(kernels) as unknown as Kernels }, part);
}
