import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { createNativeBackend } from '../../src/backends/native/index.ts';
import { loadAddon } from '../../src/backends/native/load.ts';
import { OP_NAMES } from '../../src/core/ops/table.ts';
import { attempts, make, singleAttempts, type Target } from './hostile/attempt.ts';

const SEED = 20240607;

const target: Target = {
  engine: new (loadAddon().addon!.Engine)(),
  backend: createNativeBackend({ threads: 1 }),
};
afterAll(() => {
  target.engine.dispose();
  target.backend.dispose();
});

describe.each(OP_NAMES)('%s', (op) => {
  it(`${op} works or refuses, whatever is done to one argument`, () => {
    const outcomes = singleAttempts(op, target).map((attempt) => {
      try {
        return make(attempt, target);
      } catch (error) {
        throw new Error(attempt.edits[0]!.name, { cause: error });
      }
    });
    expect(new Set(outcomes)).toEqual(new Set(['accepted', 'refused']));
  });

  it(`${op} works or refuses, whatever is done to several arguments`, () => {
    const isSafe = fc.property(attempts(op, target), (attempt) => {
      make(attempt, target);
    });
    fc.assert(isSafe, { seed: SEED, numRuns: 300 });
  });
});
