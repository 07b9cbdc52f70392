import fc from 'fast-check';
import { afterAll, describe, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import type { Backend } from '../../src/core/backend.ts';
import type { OpName } from '../../src/core/kernels.ts';
import type { Outcome } from '../../src/core/ops/agreement.ts';
import { type Call, type Drawn, type Input, inputsOf, variants } from '../../src/core/ops/inputs.ts';
import { batchSymbol, complete } from '../../src/core/ops/op-dims.ts';
import { OP_NAMES, OPS } from '../../src/core/ops/table.ts';
import { runCall } from '../../src/verify/op-run.ts';
import { nativeVariants } from './backends.ts';
import { expectAgreement, expectCloseToFloat64 } from './compare.ts';
import { EFFORT } from './effort.ts';
import { anyDims, sweep, variantsAt } from './sizes.ts';

const SEED = 20240601;

const f32 = createReferenceBackend('f32');
const f64 = createReferenceBackend('f64');
const natives = nativeVariants().map(({ name, create }) => ({ name, backend: create(1) }));

interface Truth {
  readonly inputs: readonly Input[];
  readonly f32: Outcome;
  readonly f64: Outcome;
}

/** The expected results of an op's calls, computed once for all instruction sets. */
const truths = new Map<string, Truth>();
const drawn: Drawn = new Map();
function truth(call: Call): Truth {
  const key = JSON.stringify(call);
  let known = truths.get(key);
  if (!known) {
    const inputs = inputsOf(call, drawn);
    known = { inputs, f32: runCall(f32, call, inputs), f64: runCall(f64, call, inputs) };
    truths.set(key, known);
  }
  return known;
}

function check(backend: Backend, call: Call): void {
  const { inputs, ...expected } = truth(call);
  const outcome = runCall(backend, call, inputs);
  expectAgreement(call.op, outcome, expected.f32);
  expectCloseToFloat64(call.op, outcome, expected.f64);
}

const anyCall = (op: OpName): fc.Arbitrary<Call> =>
  fc.record({
    op: fc.constant(op),
    dims: anyDims(op),
    seed: fc.integer({ min: 0, max: 999 }),
    variant: fc.nat(variants(op) - 1),
  });

describe.each(OP_NAMES)('%s', (op) => {
  afterAll(() => {
    truths.clear();
    drawn.clear();
  });

  it.each(natives)(`${op} agrees with the reference at every edge size on $name`, ({ backend }) => {
    for (const [i, dims] of sweep(op).entries()) {
      // Long sums are tried on every kind of value (`inputs.ts`): some kinds overflow only there.
      const seeds = Math.max(...Object.values(dims)) > 1000 ? [0, 1, 2] : [i];
      for (const seed of seeds)
        for (const variant of variantsAt(op, i)) check(backend, { op, dims, seed, variant });
    }
  });

  it.each(natives)(
    `${op} agrees with the reference where several sizes are at edges on $name`,
    ({ backend }) => {
      const isRight = fc.property(anyCall(op), (call) => check(backend, call));
      fc.assert(isRight, { seed: SEED, numRuns: EFFORT.runs });
    },
  );

  const mayBeEmpty = batchSymbol(op) ?? OPS[op].mayBeZero?.[0];
  it.each(mayBeEmpty ? natives : [])(`${op} accepts an empty batch on $name`, ({ backend }) => {
    const dims = complete(op, { ...sweep(op)[0]!, [mayBeEmpty!]: 0 });
    check(backend, { op, dims, seed: 1, variant: 0 });
  });
});
