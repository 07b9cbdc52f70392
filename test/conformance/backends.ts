import { createNativeBackend, nativeStatus } from '../../src/backends/native/index.ts';
import type { Backend } from '../../src/core/backend.ts';

interface Variant {
  readonly name: string;
  readonly create: (threads: number) => Backend;
}

/** Every native table this machine can run: each instruction set plain, then with its extensions one after another. */
export function nativeVariants(): Variant[] {
  return nativeStatus().isas.flatMap(({ isa, supported, features }) => {
    const extended = features.map((_, last) => features.slice(0, last + 1));
    return (supported ? [[], ...extended] : []).map((some) => ({
      name: `native:${[isa, ...some].join('+')}`,
      create: (threads: number) => createNativeBackend({ isa, features: some, threads }),
    }));
  });
}
