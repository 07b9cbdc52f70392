import { expect, it } from 'vitest';
import { requireThreads } from '../../src/backends/native/thread-limits.ts';

const UNLIMITED = { ofUser: Infinity, ofGroup: Infinity };
const NONE = { addressSpace: Infinity, threads: UNLIMITED };
const GB = 1e9;

it('any number of threads is allowed where nothing limits the process, and one thread always', () => {
  requireThreads(1024, NONE);
  requireThreads(1, { addressSpace: 0, threads: { ofUser: 0, ofGroup: 0 } });
});

it('threads whose stacks do not fit the address space are refused, and the error says how many fit', () => {
  const limits = { ...NONE, addressSpace: GB };
  expect(() => requireThreads(1024, limits)).toThrow(
    /^1024 threads are more .*: their stacks take 1.07 GB, `ulimit -v` leaves 1 GB$/,
  );
  expect(() => requireThreads(1024, limits)).toThrow(
    expect.objectContaining({ exitCode: 2, remedy: expect.stringContaining('Use at most 954 ') }),
  );
  requireThreads(954, limits);
  expect(() => requireThreads(955, limits)).toThrow(/955 threads/);
});

it("more threads than the user's other processes leave are refused", () => {
  const limits = { ...NONE, threads: { ofUser: 100, ofGroup: 500 } };
  expect(() => requireThreads(200, limits)).toThrow(/`ulimit -u` leaves 100$/);
  requireThreads(101, limits);
});

it('more threads than a control group leaves are refused', () => {
  const limits = { ...NONE, threads: { ofUser: 500, ofGroup: 100 } };
  expect(() => requireThreads(200, limits)).toThrow(/pids\.max of its control group leaves 100$/);
  requireThreads(101, limits);
});
