import { posix } from 'node:path';
import { type ReadText, readText } from '../../files/read-text.ts';

/** A hierarchy of control groups that may limit CPU time, as this process sees it. */
interface Hierarchy {
  readonly version: 1 | 2;
  /** The group at `mountPoint`. In a container it is often the container's own group, not the hierarchy's root. */
  readonly root: string;
  readonly mountPoint: string;
}

/**
 * CPUs' worth of time that the control groups of this process allow (cgroup v1 and v2, see cgroups(7)), infinite where
 * nothing limits it. A limit of any group above the process's own holds too, so the smallest one counts. Node counts the
 * CPUs that a process may run on and may not know the quota: with more threads than that, all of them wait for the one
 * that was stopped.
 */
export function cpuQuota(read: ReadText = readText): number {
  const groups = (read('/proc/self/cgroup') ?? '').split('\n').map((line) => line.split(':'));
  const quotas = hierarchies(read('/proc/self/mountinfo') ?? '').flatMap((hierarchy) => {
    const [, , ...path] = groups.find(([, controllers]) => isOf(hierarchy, controllers ?? '')) ?? [];
    return foldersOf(hierarchy, path.join(':')).map((folder) => quotaIn(folder, hierarchy, read));
  });
  return Math.min(Number.POSITIVE_INFINITY, ...quotas);
}

/** Version 2 has one hierarchy with an empty list of controllers, version 1 names those of each hierarchy. */
const isOf = ({ version }: Hierarchy, controllers: string): boolean =>
  version === 2 ? controllers === '' : controllers.split(',').includes('cpu');

/** Mounts of proc(5)'s mountinfo: `36 35 0:30 /root /mount/point rw - cgroup2 source rw`. */
function hierarchies(mounts: string): Hierarchy[] {
  return mounts.split('\n').flatMap((line): Hierarchy[] => {
    const [mount = '', system = ''] = line.split(' - ');
    const [type, , options = ''] = system.split(' ');
    const [, , , root = '/', mountPoint = '/'] = mount.split(' ').map(unescapePath);
    if (type === 'cgroup2') return [{ version: 2, root, mountPoint }];
    return type === 'cgroup' && options.split(',').includes('cpu') ? [{ version: 1, root, mountPoint }] : [];
  });
}

/** Blanks, tabs, newlines and backslashes are written in octal there. */
const unescapePath = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** The folder of the process's own group, then those of the groups above it, as far as they are mounted. */
function foldersOf({ root, mountPoint }: Hierarchy, group: string): string[] {
  const below = posix.relative(root, group || '/');
  // A group outside of what is mounted can't be seen: the mounted one is the nearest to it.
  const parts = below.startsWith('..') ? [] : below.split('/').filter(Boolean);
  const folders = [mountPoint];
  for (const part of parts) folders.unshift(posix.join(folders[0]!, part));
  return folders;
}

function quotaIn(folder: string, { version }: Hierarchy, read: ReadText): number {
  const [quota, period] =
    version === 2
      ? (read(`${folder}/cpu.max`) ?? '').trim().split(' ')
      : [read(`${folder}/cpu.cfs_quota_us`), read(`${folder}/cpu.cfs_period_us`)];
  const cpus = Number(quota) / Number(period);
  // `max` (version 2) and -1 (version 1) mean no limit.
  return cpus > 0 ? cpus : Number.POSITIVE_INFINITY;
}
