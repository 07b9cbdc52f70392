import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { afterEach, expect, it, vi } from 'vitest';
import * as quotas from '../../src/backends/native/cpu-quota.ts';
import { defaultThreads, usableCpus } from '../../src/backends/native/threads.ts';

/** Lets this machine have `cpus` CPUs, of which its control groups give `quota`. */
function pretend(cpus: number, quota: number): void {
  vi.spyOn(os, 'availableParallelism').mockReturnValue(cpus);
  vi.spyOn(quotas, 'cpuQuota').mockReturnValue(quota);
  syncBuiltinESMExports();
}

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

it.each([
  [8, Number.POSITIVE_INFINITY, 8],
  [8, 3, 3],
  [8, 2.5, 3],
  [8, 0.2, 1],
  [2, 6, 2],
])('%d CPUs under a quota of %d get %d threads', (cpus, quota, threads) => {
  vi.stubEnv('FLASHLM_THREADS', '');
  pretend(cpus, quota);
  expect(usableCpus()).toBe(threads);
  expect(defaultThreads()).toBe(threads);
});

it('FLASHLM_THREADS sets the number of threads, whatever the quota', () => {
  vi.stubEnv('FLASHLM_THREADS', '5');
  pretend(8, 1);
  expect(defaultThreads()).toBe(5);
});
