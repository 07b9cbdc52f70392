import { afterEach, expect, it, vi } from 'vitest';
import { defaultThreads, usableCpus } from '../../src/backends/native/threads.ts';

const machine = vi.hoisted(() => ({ cpus: 8, quota: Number.POSITIVE_INFINITY }));
vi.mock('node:os', async (original) => ({
  ...(await original<typeof import('node:os')>()),
  availableParallelism: () => machine.cpus,
}));
vi.mock('../../src/backends/native/cpu-quota.ts', () => ({ cpuQuota: () => machine.quota }));

afterEach(() => vi.unstubAllEnvs());

it.each([
  [8, Number.POSITIVE_INFINITY, 8],
  [8, 3, 3],
  [8, 2.5, 3],
  [8, 0.2, 1],
  [2, 6, 2],
])('%d CPUs under a quota of %d get %d threads', (cpus, quota, threads) => {
  vi.stubEnv('FLASHLM_THREADS', '');
  Object.assign(machine, { cpus, quota });
  expect(usableCpus()).toBe(threads);
  expect(defaultThreads()).toBe(threads);
});

it('takes as many threads as FLASHLM_THREADS says, whatever the quota', () => {
  vi.stubEnv('FLASHLM_THREADS', '5');
  Object.assign(machine, { cpus: 8, quota: 1 });
  expect(defaultThreads()).toBe(5);
});
