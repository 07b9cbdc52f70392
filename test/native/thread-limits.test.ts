import { expect, it } from 'vitest';
import { requireThreads } from '../../src/backends/native/thread-limits.ts';

const UNLIMITED = { ofUser: Infinity, ofGroup: Infinity };
const NONE = { addressSpace: Infinity, threadStack: 8 << 20, threads: UNLIMITED };
const GB = 1e9;

it('any number of threads is allowed where nothing limits the process, and one thread always', () => {
  requireThreads(1024, {}, NONE);
  requireThreads(1, {}, { addressSpace: 0, threadStack: 8 << 20, threads: { ofUser: 0, ofGroup: 0 } });
});

it('threads whose stacks do not fit the address space are refused, and the error says how many fit', () => {
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

it('OMP_STACKSIZE sets the stack size of a thread, in any of its units', () => {
  const limits = { ...NONE, addressSpace: GB };
  for (const OMP_STACKSIZE of ['1m', ' 1024 K ', '1024', '1048576B'])
    requireThreads(900, { OMP_STACKSIZE }, limits);
  expect(() => requireThreads(3, { OMP_STACKSIZE: '1G' }, limits)).toThrow(/their stacks take 2.15 GB/);
});

it.each(['OMP_STACKSIZE', 'GOMP_STACKSIZE'])(
  'a %s that is too small for the kernels is refused, and the error names it',
  (name) => {
    expect(() => requireThreads(2, { [name]: '16k' }, NONE)).toThrow(
      expect.objectContaining({
        message: `${name} is '16k', too little: the kernel threads need 96k`,
        remedy: `Unset ${name}, or use one thread.`,
      }),
    );
    requireThreads(1, { [name]: '16k' }, NONE);
    requireThreads(2, { [name]: '96k' }, NONE);
    requireThreads(2, { [name]: 'what' }, NONE);
  },
);

it.each([
  ['100G', 'too much: this machine has 8 GB of memory'],
  ['18446744073709551615B', 'too much: this machine has 8 GB of memory'],
  ['0', 'too little: the kernel threads need 96k'],
])('an OMP_STACKSIZE of %s, with which OpenMP would end the process, is refused', (OMP_STACKSIZE, what) => {
  expect(() => requireThreads(2, { OMP_STACKSIZE }, NONE, 8e9)).toThrow(
    `OMP_STACKSIZE is '${OMP_STACKSIZE}', ${what}`,
  );
});

it.each(['99999999999G', '-5', '1e9', ' '])(
  'an invalid OMP_STACKSIZE of %o is ignored, as OpenMP does',
  (OMP_STACKSIZE) => {
    requireThreads(2, { OMP_STACKSIZE }, NONE, 8e9);
    expect(() => requireThreads(2, { OMP_STACKSIZE, GOMP_STACKSIZE: '16k' }, NONE, 8e9)).toThrow(
      /^GOMP_STACKSIZE/,
    );
  },
);

it("more threads than the user's other processes leave are refused", () => {
  const limits = { ...NONE, threads: { ofUser: 100, ofGroup: 500 } };
  expect(() => requireThreads(200, {}, limits)).toThrow(/`ulimit -u` leaves 100$/);
  requireThreads(101, {}, limits);
});

it('more threads than a control group leaves are refused', () => {
  const limits = { ...NONE, threads: { ofUser: 500, ofGroup: 100 } };
  expect(() => requireThreads(200, {}, limits)).toThrow(/pids\.max of its control group leaves 100$/);
  requireThreads(101, {}, limits);
});
