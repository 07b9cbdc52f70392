import { createLimitMeter, type LimitMeter, nativeStatus } from '../backends/native/index.ts';
import type { Backend } from '../core/backend.ts';

/** The instruction set of a native backend with its extensions, however it is wrapped: `avx512+vnni`. */
export const isaOf = (backendName: string): string | undefined =>
  /native:([a-z0-9]+(\+[a-z0-9]+)*)/.exec(backendName)?.[1];

/** A meter of a native backend's instruction set; of the machine's best for any other backend. */
export function limitMeter({ name, threads }: Pick<Backend, 'name' | 'threads'>): LimitMeter {
  const [isa, ...features] = isaOf(name)?.split('+') ?? [];
  return createLimitMeter(isa === undefined ? { threads } : { isa, features, threads });
}

/** Whether a backend has instructions for a precision that recipes can ask for, so that a step is worth measuring. */
export function accelerates(backend: Pick<Backend, 'name'>, compute: string): boolean {
  if (compute === 'f32') return true;
  if (isaOf(backend.name) === undefined || !nativeStatus().available) return false;
  const meter = limitMeter({ name: backend.name, threads: 1 });
  try {
    return meter.measure(compute === 'bf16' ? 'bf16' : 'dot', 1, new Float32Array(0)) !== null;
  } finally {
    meter.dispose();
  }
}
