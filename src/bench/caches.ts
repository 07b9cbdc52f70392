import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/** A cache for data. */
export interface Cache {
  /** 1 is the nearest to the core. */
  readonly level: number;
  readonly bytes: number;
  /** CPUs that share it. */
  readonly cpus: number;
}

/** Where the system does not tell: what even small machines have. */
const USUAL = (cpus: number): Cache[] => [
  { level: 1, bytes: 32 * 1024, cpus: 1 },
  { level: 2, bytes: 256 * 1024, cpus: 1 },
  { level: 3, bytes: 8 * 1024 ** 2, cpus },
];

/** The data caches of the first CPU, the nearest first, as Linux tells them. */
export function dataCaches(folder = '/sys/devices/system/cpu/cpu0/cache'): Cache[] {
  try {
    const caches = readdirSync(folder)
      .filter((name) => name.startsWith('index'))
      .map((name) => (file: string) => readFileSync(join(folder, name, file), 'utf8').trim())
      .filter((read) => read('type') !== 'Instruction')
      .map((read) => ({
        level: Number(read('level')),
        bytes: 1024 * Number.parseInt(read('size'), 10),
        cpus: countOf(read('shared_cpu_list')),
      }))
      .sort((a, b) => a.level - b.level);
    if (caches.length && caches.every(({ bytes, cpus }) => bytes > 0 && cpus > 0)) return caches;
  } catch {
    // Another system, or a container that hides it.
  }
  return USUAL(availableParallelism());
}

/** CPUs in `0-3,8`. */
function countOf(list: string): number {
  return list.split(',').reduce((count, range) => {
    const [first, last = first] = range.split('-').map(Number);
    return count + last! - first! + 1;
  }, 0);
}

/** What one of `threads` threads has of a cache when they are spread over `cpus` CPUs. */
export function shareOf(cache: Cache, threads: number, cpus: number): number {
  return cache.bytes / Math.min(threads, Math.ceil((threads * cache.cpus) / cpus));
}
