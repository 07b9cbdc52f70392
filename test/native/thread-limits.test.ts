import { expect, it } from 'vitest';
import { requireThreads } from '../../src/backends/native/thread-limits.ts';
import type { ProcessLimits } from '../../src/files/process-limits.ts';

const NONE: ProcessLimits = { addressSpace: Infinity, threadStack: 8 << 20, threads: Infinity };
const GB = 1e9;

it('any number of threads is allowed where nothing limits the process, and one thread always', () => {
  requireThreads(1024, {}, NONE);
  requireThreads(1, {}, { addressSpace: 0, threadStack: 8 << 20, threads: 0 });
});

it('threads whose stacks do not fit the address space are refused with the most that fit', () => {
  const limits = { ...NONE, addressSpace: GB };
  expect(() => requireThreads(1024, {}, limits)).toThrow(
    /^1024 threads are more .*: their stacks take 8.58 GB, `ulimit -v` leaves 1 GB$/,
  );
  expect(() => requireThreads(1024, {}, limits)).toThrow(
    expect.objectContaining({ exitCode: 2, remedy: expect.stringContaining('Use at most 120 ') }),
  );
  requireThreads(120, {}, limits);
  expect(() => requireThreads(121, {}, limits)).toThrow(/121 threads/);
});

it('the stack that OpenMP is told to use counts, in each of its units', () => {
  const limits = { ...NONE, addressSpace: GB };
  for (const OMP_STACKSIZE of ['1m', ' 1024 K ', '1024', '1048576B'])
    requireThreads(900, { OMP_STACKSIZE }, limits);
  expect(() => requireThreads(3, { OMP_STACKSIZE: '1G' }, limits)).toThrow(/their stacks take 2.15 GB/);
});

it.each(['OMP_STACKSIZE', 'GOMP_STACKSIZE'])(
  'a %s that is too small for kernels is refused by its name',
  (name) => {
    expect(() => requireThreads(2, { [name]: '16k' }, NONE)).toThrow(
      expect.objectContaining({
        message: `${name} is '16k', too little: the threads of the kernels need 96k`,
        remedy: `Unset ${name}, or use one thread.`,
      }),
    );
    requireThreads(1, { [name]: '16k' }, NONE);
    requireThreads(2, { [name]: '96k' }, NONE);
    requireThreads(2, { [name]: 'what' }, NONE);
  },
);

it('more threads than the user may have are refused', () => {
  expect(() => requireThreads(200, {}, { ...NONE, threads: 100 })).toThrow(/`ulimit -u` allows 100$/);
});
