import { describe, expect, it } from 'vitest';
import { cpuQuota } from '../../src/backends/native/cpu-quota.ts';

const V1 = '33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n';
const V2 = '42 31 0:26 / /sys/fs/cgroup rw,nosuid,relatime - cgroup2 cgroup2 rw,nsdelegate\n';

/** The quota on a machine that has these files and no others. */
const quotaOf = (files: Readonly<Record<string, string>>): number => cpuQuota((file) => files[file]);

/** A group's limit in cgroup v2. */
const v2 = (folder: string, limit: string) => ({ [`/sys/fs/cgroup${folder}/cpu.max`]: `${limit}\n` });

/** A group's limit in cgroup v1. */
const v1 = (folder: string, quota: number, period = 100_000) => ({
  [`/sys/fs/cgroup/cpu,cpuacct${folder}/cpu.cfs_quota_us`]: `${quota}\n`,
  [`/sys/fs/cgroup/cpu,cpuacct${folder}/cpu.cfs_period_us`]: `${period}\n`,
});

const NONE = Number.POSITIVE_INFINITY;

describe('the CPU quota', () => {
  it.each<[string, Readonly<Record<string, string>>, number]>([
    ['is none where /proc cannot be read', {}, NONE],
    [
      'is none where no group has a limit',
      {
        '/proc/self/cgroup': '0::/a\n',
        '/proc/self/mountinfo': V2,
        ...v2('', 'max 100000'),
        ...v2('/a', 'max 100000'),
      },
      NONE,
    ],
    [
      "is that of a container's root in cgroup v2",
      { '/proc/self/cgroup': '0::/\n', '/proc/self/mountinfo': V2, ...v2('', '250000 100000') },
      2.5,
    ],
    [
      "is that of the process's own nested group in cgroup v2",
      {
        '/proc/self/cgroup': '0::/user.slice/run-7.scope\n',
        '/proc/self/mountinfo': V2,
        ...v2('/user.slice', 'max 100000'),
        ...v2('/user.slice/run-7.scope', '150000 100000'),
      },
      1.5,
    ],
    [
      'is the smallest one on the way up, whichever group has it',
      {
        '/proc/self/cgroup': '0::/a/b/c\n',
        '/proc/self/mountinfo': V2,
        ...v2('/a', '300000 100000'),
        ...v2('/a/b', '100000 50000'),
        ...v2('/a/b/c', '800000 100000'),
      },
      2,
    ],
    [
      'is not that of a sibling group',
      { '/proc/self/cgroup': '0::/a\n', '/proc/self/mountinfo': V2, ...v2('/b', '100000 100000') },
      NONE,
    ],
    [
      'is read in cgroup v1',
      {
        '/proc/self/cgroup': '5:memory:/x\n4:cpu,cpuacct:/a\n0::/\n',
        '/proc/self/mountinfo': V1,
        ...v1('', -1),
        ...v1('/a', 300_000),
      },
      3,
    ],
    [
      "is read in cgroup v1 where the mount shows only a container's group",
      {
        '/proc/self/cgroup': '4:cpu,cpuacct:/docker/f00d/inner\n',
        '/proc/self/mountinfo': V1.replace(' / /', ' /docker/f00d /'),
        ...v1('', 200_000),
        ...v1('/inner', 50_000),
      },
      0.5,
    ],
    [
      "is that of the mount where the process's own group lies outside it",
      {
        '/proc/self/cgroup': '0::/../../elsewhere\n',
        '/proc/self/mountinfo': V2,
        ...v2('', '100000 100000'),
      },
      1,
    ],
    [
      'is the smaller one where both versions are mounted',
      {
        '/proc/self/cgroup': '4:cpu,cpuacct:/\n0::/\n',
        '/proc/self/mountinfo': V1 + V2,
        ...v1('', 400_000),
        ...v2('', '200000 100000'),
      },
      2,
    ],
    [
      'is found under names with blanks and colons',
      {
        '/proc/self/cgroup': '0::/a:b\n',
        '/proc/self/mountinfo': V2.replace('/sys/fs/cgroup ', '/my\\040groups '),
        '/my groups/a:b/cpu.max': '100000 100000\n',
      },
      1,
    ],
    [
      'is none where a file holds something else',
      { '/proc/self/cgroup': '0::/\n', '/proc/self/mountinfo': V2, ...v2('', 'plenty') },
      NONE,
    ],
  ])('the CPU quota %s', (_, files, expected) => {
    expect(quotaOf(files)).toBe(expected);
  });

  it('the CPU quota of this machine is read without an error, and is above 0', () => {
    expect(cpuQuota()).toBeGreaterThan(0);
  });
});
