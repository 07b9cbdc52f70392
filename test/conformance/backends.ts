import { createNativeBackend, nativeStatus } from '../../src/backends/native/index.ts';
import type { Backend } from '../../src/core/backend.ts';

interface Variant {
  readonly name: string;
  readonly create: (threads: number) => Backend;
}

/** Every native table this machine can run: each instruction set plain, and with the extensions it has here. */
export function nativeVariants(): Variant[] {
  return nativeStatus().isas.flatMap(({ isa, supported, features }) => {
    const plain = {
      name: `native:${isa}`,
      create: (threads: number) => createNativeBackend({ isa, features: [], threads }),
    };
    const full = {
      name: `native:${[isa, ...features].join('+')}`,
      create: (threads: number) => createNativeBackend({ isa, features, threads }),
    };
    return supported ? (features.length ? [plain, full] : [plain]) : [];
  });
}
