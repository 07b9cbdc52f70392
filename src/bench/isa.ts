import { createLimitMeter, type LimitMeter } from '../backends/native/index.ts';
import type { Backend } from '../core/backend.ts';

/** The instruction set of a native backend with its extensions, however it is wrapped: `avx512+vnni`. */
export const isaOf = (backendName: string): string | undefined =>
  /native:([a-z0-9]+(\+[a-z0-9]+)*)/.exec(backendName)?.[1];

/** A meter of a native backend's instruction set; of the machine's best for any other backend. */
export function limitMeter({ name, threads }: Pick<Backend, 'name' | 'threads'>): LimitMeter {
  const [isa, ...features] = isaOf(name)?.split('+') ?? [];
  return createLimitMeter(isa === undefined ? { threads } : { isa, features, threads });
}
