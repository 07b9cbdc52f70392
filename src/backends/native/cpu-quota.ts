import { type ControlGroup, controlGroups } from '../../files/control-groups.ts';
import { type ReadText, readText } from '../../files/read-text.ts';

/**
 * CPUs' worth of time that the control groups of this process allow, infinite where nothing limits it. Node counts the
 * CPUs that a process may run on and may not know the quota: with more threads than that, all of them wait for the one
 * that was stopped.
 */
export function cpuQuota(read: ReadText = readText): number {
  const quotas = controlGroups('cpu', read).map((group) => quotaIn(group, read));
  return Math.min(Number.POSITIVE_INFINITY, ...quotas);
}

function quotaIn({ version, folder }: ControlGroup, read: ReadText): number {
  const [quota, period] =
    version === 2
      ? (read(`${folder}/cpu.max`) ?? '').trim().split(' ')
      : [read(`${folder}/cpu.cfs_quota_us`), read(`${folder}/cpu.cfs_period_us`)];
  const cpus = Number(quota) / Number(period);
  // `max` (version 2) and -1 (version 1) mean no limit.
  return cpus > 0 ? cpus : Number.POSITIVE_INFINITY;
}
