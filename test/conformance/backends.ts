import { createNativeBackend, nativeStatus } from '../../src/backends/native/index.ts';
import type { Backend } from '../../src/core/backend.ts';

interface Variant {
  readonly name: string;
  readonly create: (threads: number) => Backend;
}

/** Every native table this machine can run: each instruction set plain, then with one more of its extensions each. */
export function nativeVariants(): Variant[] {
  return nativeStatus().isas.flatMap(({ isa, supported, features }) => {
    const sets = [[], ...features.map((_, i) => features.slice(0, i + 1))];
    const variants = sets.map((some) => ({
      name: `native:${[isa, ...some].join('+')}`,
      create: (threads: number) => createNativeBackend({ isa, features: some, threads }),
    }));
    return supported ? variants : [];
  });
}
