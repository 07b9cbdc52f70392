import { expect, it } from 'vitest';
import { runNativeMutants } from './run.ts';

/** Hundreds of processes, and a build of all instruction sets: an hour where the machine does much else. */
const TIMEOUT_MS = 4 * 3_600_000;

it(
  'every native mutant that has no reason to escape is found by a suite',
  async () => {
    const { missed } = await runNativeMutants(
      () => {},
      () => true,
    );
    expect(missed).toEqual([]);
  },
  TIMEOUT_MS,
);
