import fc from 'fast-check';
import { describe, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import type { OpName } from '../../src/core/kernels.ts';
import { OP_NAMES, OPS } from '../../src/core/ops.ts';
import { nativeVariants } from './backends.ts';
import { expectAgreement, expectCloseToFloat64 } from './compare.ts';
import { EFFORT } from './effort.ts';
import { type Call, variants } from './inputs.ts';
import { type Outcome, runCall } from './run.ts';
import { anyDims, batchSymbol, sweep } from './sizes.ts';

const SEED = 20240601;

const f32 = createReferenceBackend('f32');
const f64 = createReferenceBackend('f64');

/** The truth of a call is worked out once for all instruction sets. */
const truths = new Map<string, { readonly f32: Outcome; readonly f64: Outcome }>();
function truth(call: Call) {
  const key = JSON.stringify(call);
  const known = truths.get(key) ?? { f32: runCall(f32, call), f64: runCall(f64, call) };
  truths.set(key, known);
  return known;
}

const anyCall = (op: OpName): fc.Arbitrary<Call> =>
  fc.record({
    op: fc.constant(op),
    dims: anyDims(op),
    seed: fc.integer({ min: 0, max: 999 }),
    variant: fc.nat(variants(op) - 1),
  });

describe.each(nativeVariants())('$name', ({ create }) => {
  const backend = create(1);

  function check(call: Call): void {
    const outcome = runCall(backend, call);
    const expected = truth(call);
    expectAgreement(call.op, outcome, expected.f32);
    expectCloseToFloat64(call.op, outcome, expected.f64);
  }

  it.each(OP_NAMES)('%s agrees with the reference at every edge', (op) => {
    for (const [i, dims] of sweep(op).entries()) {
      // Long sums meet every kind of values (`inputs.ts`): there alone some of them could overflow.
      const seeds = Math.max(...Object.values(dims)) > 1000 ? [0, 1, 2] : [i];
      for (const seed of seeds)
        for (let variant = 0; variant < variants(op); variant++) check({ op, dims, seed, variant });
    }
  });

  it.each(OP_NAMES)('%s agrees with the reference at any edges together', (op) => {
    fc.assert(fc.property(anyCall(op), check), { seed: SEED, numRuns: EFFORT.runs });
  });

  it.each(OP_NAMES.filter(batchSymbol))('%s takes an empty batch', (op) => {
    const isEmpty = new Set([batchSymbol(op), OPS[op].product?.[1]]);
    const dims = Object.fromEntries(
      Object.entries(sweep(op)[0]!).map(([s, n]) => [s, isEmpty.has(s) ? 0 : n]),
    );
    check({ op, dims, seed: 1, variant: 0 });
  });
});
