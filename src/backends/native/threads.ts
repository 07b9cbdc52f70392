import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { FlashError } from '../../core/errors.ts';

/**
 * CPUs' worth of time that a container may use (cgroup v2), infinite where there is no limit. Node counts the CPUs a
 * process may run on and knows no quota: with more threads than that, all of them wait for the one that was stopped.
 */
export function cpuQuota(file = '/sys/fs/cgroup/cpu.max'): number {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return Number.POSITIVE_INFINITY;
  }
  const [quota, period] = text.trim().split(' ').map(Number);
  return quota! / period! || Number.POSITIVE_INFINITY;
}

/** FLASHLM_THREADS, else every CPU that this process may use. Throws FlashError when the variable is no count. */
export function defaultThreads(): number {
  const given = process.env.FLASHLM_THREADS;
  if (!given) return Math.max(1, Math.min(availableParallelism(), Math.ceil(cpuQuota())));
  if (/^[1-9]\d*$/.test(given)) return Number(given);
  throw new FlashError(`FLASHLM_THREADS is '${given}', expected a whole number of at least 1`, {
    exitCode: 2,
  });
}
