import { posix } from 'node:path';
import type { ReadText } from './read-text.ts';

/** A hierarchy of control groups, as this process sees it. */
interface Hierarchy {
  readonly version: 1 | 2;
  /** The group at `mountPoint`. In a container it is often the container's own group, not the hierarchy's root. */
  readonly root: string;
  readonly mountPoint: string;
}

/** A folder with the limits of one control group. */
export interface ControlGroup {
  readonly version: 1 | 2;
  readonly folder: string;
}

/**
 * The control groups (cgroup v1 and v2, see cgroups(7)) whose `controller` (`cpu`, `pids`) applies to this process: its own
 * group first, then those above it, as far as they are mounted. The limits of all of them apply, so the smallest counts.
 */
export function controlGroups(controller: string, read: ReadText): ControlGroup[] {
  const groups = (read('/proc/self/cgroup') ?? '').split('\n').map((line) => line.split(':'));
  return hierarchies(controller, read('/proc/self/mountinfo') ?? '').flatMap((hierarchy) => {
    // Version 2 has one hierarchy with an empty list of controllers, version 1 names those of each hierarchy.
    const isOf = (names = ''): boolean =>
      hierarchy.version === 2 ? names === '' : names.split(',').includes(controller);
    const [, , ...path] = groups.find(([, names]) => isOf(names)) ?? [];
    return foldersOf(hierarchy, path.join(':')).map((folder) => ({ version: hierarchy.version, folder }));
  });
}

/** Mounts of proc(5)'s mountinfo: `36 35 0:30 /root /mount/point rw - cgroup2 source rw`. */
function hierarchies(controller: string, mounts: string): Hierarchy[] {
  return mounts.split('\n').flatMap((line): Hierarchy[] => {
    const [mount = '', system = ''] = line.split(' - ');
    const [type, , options = ''] = system.split(' ');
    const [, , , root = '/', mountPoint = '/'] = mount.split(' ').map(unescapePath);
    if (type === 'cgroup2') return [{ version: 2, root, mountPoint }];
    const isOf = type === 'cgroup' && options.split(',').includes(controller);
    return isOf ? [{ version: 1, root, mountPoint }] : [];
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
