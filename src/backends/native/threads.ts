import { availableParallelism } from 'node:os';
import { FlashError } from '../../core/errors.ts';
import { cpuQuota } from './cpu-quota.ts';

/** CPUs that this process may keep busy: those it may run on, or its control groups' quota if that is less. */
export function usableCpus(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(cpuQuota())));
}

/** FLASHLM_THREADS, else one thread for every usable CPU. Throws FlashError when the variable is not a count. */
export function defaultThreads(): number {
  const given = process.env.FLASHLM_THREADS;
  if (!given) return usableCpus();
  if (/^[1-9]\d*$/.test(given)) return Number(given);
  throw new FlashError(`FLASHLM_THREADS is '${given}', expected a whole number of at least 1`, {
    exitCode: 2,
  });
}
