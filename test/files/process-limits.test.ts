import { expect, it } from 'vitest';
import { allocate } from '../../src/core/allocate.ts';
import { FlashError } from '../../src/core/errors.ts';
import { processLimits } from '../../src/files/process-limits.ts';

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units
Max stack size            8388608              unlimited            bytes
Max processes             100                  200                  processes
Max address space         3000000000           unlimited            bytes
`;
const STATUS = 'Name:\tnode\nVmPeak:\t 900000 kB\nVmSize:\t 1000000 kB\n';

const read = (files: Readonly<Record<string, string>>) => (file: string) => files[file];

it('the limits of a process are those of /proc, and address space is what is left of it', () => {
  const files = { '/proc/self/limits': LIMITS, '/proc/self/status': STATUS };
  expect(processLimits(read(files), 1000)).toEqual({
    addressSpace: 3_000_000_000 - 1_024_000_000,
    threadStack: 8 << 20,
    threads: 100,
  });
  expect(processLimits(read(files), 0).threads).toBe(Infinity);
});

it('a process without limits, or without /proc, may have everything', () => {
  const all = { addressSpace: Infinity, threadStack: 2 << 20, threads: Infinity };
  expect(processLimits(read({}))).toEqual(all);
  const text = LIMITS.replaceAll(/ \d+ /g, ' unlimited ');
  expect(processLimits(read({ '/proc/self/limits': text, '/proc/self/status': STATUS }))).toEqual(all);
});

it('address space that is used up is none, not less than none', () => {
  const text = LIMITS.replace('3000000000', '1000');
  expect(processLimits(read({ '/proc/self/limits': text, '/proc/self/status': STATUS })).addressSpace).toBe(
    0,
  );
});

it('memory that is refused is an error for people that names what for and the bytes', () => {
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
