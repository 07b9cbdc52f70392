import { expect, it } from 'vitest';
import { allocate } from '../../src/core/allocate.ts';
import { FlashError } from '../../src/core/errors.ts';
import { processLimits, threadLimits } from '../../src/files/process-limits.ts';

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units
Max processes             100                  200                  processes
Max address space         3000000000           unlimited            bytes
`;
const STATUS = 'Name:\tnode\nVmPeak:\t 900000 kB\nVmSize:\t 1000000 kB\n';

const read = (files: Readonly<Record<string, string>>) => (file: string) => files[file];

it('process limits are read from /proc, and the address space is what remains of it', () => {
  const files = { '/proc/self/limits': LIMITS, '/proc/self/status': STATUS };
  expect(processLimits(read(files))).toEqual({ addressSpace: 3_000_000_000 - 1_024_000_000 });
});

it('a process without limits or without /proc is unlimited', () => {
  const all = { addressSpace: Infinity };
  expect(processLimits(read({}))).toEqual(all);
  const text = LIMITS.replaceAll(/ \d+ /g, ' unlimited ');
  expect(processLimits(read({ '/proc/self/limits': text, '/proc/self/status': STATUS }))).toEqual(all);
});

it('the remaining address space is never negative', () => {
  const text = LIMITS.replace('3000000000', '1000');
  expect(processLimits(read({ '/proc/self/limits': text, '/proc/self/status': STATUS })).addressSpace).toBe(
    0,
  );
});

it('the threads of all processes of a user count against the limit of the user, and only theirs', () => {
  const status = (user: number, threads: number) =>
    `Name:\tx\nUid:\t${user}\t7\t7\t7\nThreads:\t${threads}\n`;
  const files = {
    '/proc/self/limits': LIMITS,
    '/proc/10/status': status(1000, 11),
    '/proc/20/status': status(1000, 30),
    '/proc/30/status': status(1001, 500),
  };
  // Process 40 has ended since its id was listed.
  const system = { read: read(files), processes: () => ['10', '20', '30', '40'], user: 1000 };
  expect(threadLimits(system)).toEqual({ ofUser: 59, ofGroup: Infinity });
  expect(threadLimits({ ...system, user: 1001 }).ofUser).toBe(0);
  expect(threadLimits({ ...system, user: 0 }).ofUser).toBe(Infinity);
});

it.each([
  [
    '2, of any group above',
    '0::/a/b\n',
    '42 31 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n',
    ['/sys/fs/cgroup/a/b', '/sys/fs/cgroup/a'],
  ],
  [
    '1, of any group above',
    '8:pids:/a/b\n7:cpu:/\n',
    '35 31 0:30 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n',
    ['/sys/fs/cgroup/pids/a/b', '/sys/fs/cgroup/pids/a'],
  ],
])('a control group of version %s limits threads', (_, groups, mounts, [own, above]) => {
  const files = {
    '/proc/self/cgroup': groups,
    '/proc/self/mountinfo': mounts,
    [`${own}/pids.max`]: 'max\n',
    [`${own}/pids.current`]: '12\n',
    [`${above}/pids.max`]: '64\n',
    [`${above}/pids.current`]: '20\n',
  };
  const system = { read: read(files), processes: () => [], user: 0 };
  expect(threadLimits(system)).toEqual({ ofUser: Infinity, ofGroup: 44 });
});

it('a failed allocation is a FlashError that names its purpose and the bytes', () => {
  const refusing = {
    allocate: () => {
      throw new RangeError('Array buffer allocation failed');
    },
  };
  expect(() => allocate(refusing, 5_000_000, 'gradients')).toThrow(FlashError);
  expect(() => allocate(refusing, 5_000_000, 'gradients')).toThrow(
    /^Out of memory: gradients needs 5000000 bytes \(5 MB\)$/,
  );
  const tooLong = { allocate: () => new Uint8Array(2 ** 54) };
  expect(() => allocate(tooLong, 2 ** 54, 'gradients')).toThrow(
    /\(18 PB\); no array is as long as that here$/,
  );
  const broken = {
    allocate: () => {
      throw new TypeError('a bug');
    },
  };
  expect(() => allocate(broken, 1, 'x')).toThrow(TypeError);
});
