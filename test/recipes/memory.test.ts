import { constants } from 'node:buffer';
import { expect, it } from 'vitest';
import { requireMemory } from '../../src/compose/memory.ts';

const SMALL = {
  parameters: 10,
  optimizer: 10,
  activations: 10,
  scratch: 0,
  batch: 10,
  evaluation: 0,
  process: 0,
  unwritten: 0,
  total: 40,
  largest: 10,
};

it('a run with an array too large for Node is refused, whatever memory there is', () => {
  requireMemory(SMALL, Infinity);
  expect(() => requireMemory({ ...SMALL, largest: constants.MAX_LENGTH + 1 }, Infinity)).toThrow(
    /^One array of the run would need [\d,]+ bytes .*; Node allows [\d,]+ bytes/,
  );
});

it('a run that needs more than the available memory is refused with its largest part and the bytes', () => {
  requireMemory(SMALL, 40);
  expect(() => requireMemory({ ...SMALL, optimizer: 20, total: 50 }, 49)).toThrow(
    /^The run would need 50 bytes .* \(optimizer: 20 bytes .*\); there are 49 bytes/,
  );
});
