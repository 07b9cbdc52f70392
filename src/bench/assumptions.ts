import { type Cache, dataCaches } from './caches.ts';
import { isaOf } from './isa.ts';
import type { MachineLimits } from './machine-limits.ts';
import type { Assumed } from './prediction.ts';
import { TILES } from './sharing.ts';

/** What a prediction takes over from this machine: `limits` must have some of more than one thread. */
export function assumedOf(
  limits: readonly MachineLimits[],
  backendName: string,
  caches: readonly Cache[] = dataCaches(),
): Assumed {
  const most = limits.reduce((a, b) => (b.threads > a.threads ? b : a));
  const isa = isaOf(backendName)?.split('+')[0] ?? 'scalar';
  return {
    tile: TILES[isa]!,
    fork: most.forkSeconds / Math.log2(most.threads),
    memory: most.memory.at(-1)!.triad,
    ownCache: caches
      .filter(({ cpus }) => cpus === 1)
      .reduce((bytes, cache) => Math.max(bytes, cache.bytes), 0),
  };
}
