import { expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import type { Backend } from '../../src/core/backend.ts';
import type { OpName } from '../../src/core/kernels.ts';
import type { Outcome } from '../../src/core/ops/agreement.ts';
import { type Input, inputsOf, variants } from '../../src/core/ops/inputs.ts';
import { dimsNear } from '../../src/core/ops/op-dims.ts';
import { OP_NAMES } from '../../src/core/ops/table.ts';
import { runOp } from '../../src/verify/op-run.ts';
import { expectAgreement } from '../conformance/compare.ts';
import { entryFaults } from './entry-faults.ts';

const reference = createReferenceBackend('f32');
/** Small, all but different, and sequences long enough that documents begin inside them. */
const size = (symbol: string, i: number): number => (symbol === 'T' ? 9 : [3, 5, 2, 4][i % 4]!);

interface Truth {
  readonly inputs: readonly Input[];
  readonly expected: Outcome;
}

/** What the reference gives for a call of each variant of an op. */
const truthsOf = (op: OpName): Truth[] =>
  Array.from({ length: variants(op) }, (_, variant) => {
    const inputs = inputsOf({ op, dims: dimsNear(op, size), seed: 0, variant });
    return { inputs, expected: runOp(reference, op, inputs) };
  });

/** Whether the comparison of the conformance suite finds something in one of the calls. */
const isFound = (backend: Backend, op: OpName, truths: readonly Truth[]): boolean =>
  truths.some(({ inputs, expected }) => {
    const outcome = runOp(backend, op, inputs);
    try {
      expectAgreement(op, outcome, expected);
      return false;
    } catch {
      return true;
    }
  });

const cases = OP_NAMES.map((op) => [op, entryFaults(op)] as const).filter(([, faults]) => faults.length > 0);

it.each(cases)('the conformance suite finds every fault that the entry of %s implies', (op, faults) => {
  const truths = truthsOf(op);
  expect(isFound(reference, op, truths)).toBe(false);
  const missed = faults.filter(({ plantedIn }) => !isFound(plantedIn(reference), op, truths));
  expect(missed.map(({ fault }) => fault)).toEqual([]);
});
