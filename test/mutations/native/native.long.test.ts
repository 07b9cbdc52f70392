import { expect, it } from 'vitest';
import { runNativeMutants } from './run.ts';

it('every native mutant that has no reason to escape is found by a suite', async () => {
  const { missed } = await runNativeMutants(
    () => {},
    () => true,
  );
  expect(missed).toEqual([]);
});
