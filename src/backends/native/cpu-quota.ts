import { type ControlGroup, controlGroups } from '../../files/control-groups.ts';
import { type ReadText, readText } from '../../files/read-text.ts';

/**
 * The CPU quota of this process in CPUs, possibly fractional: the minimum over its control groups, infinity without a
 * limit. Node's CPU count may ignore the quota. With more threads than the quota, the system suspends some of them and
 * the others wait.
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
