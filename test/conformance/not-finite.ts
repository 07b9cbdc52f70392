import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import type { Backend } from '../../src/core/backend.ts';
import type { OpName } from '../../src/core/kernels.ts';
import type { Outcome } from '../../src/core/ops/agreement.ts';
import { type Input, inputsOf, variants } from '../../src/core/ops/inputs.ts';
import { dimsNear } from '../../src/core/ops/op-dims.ts';
import { runOp } from '../../src/verify/op-run.ts';
import { expectAgreement } from './compare.ts';

const reference = createReferenceBackend('f32');

/** Several registers and a tail of everything, rows beyond a tile. */
const SIZES: Readonly<Record<string, number>> = {
  M: 9,
  D: 37,
  V: 41,
  N: 37,
  K: 37,
  S: 3,
  T: 3,
  P: 3,
  Z: 12,
  A: 3,
  R: 5,
};

/**
 * Not finite; subnormal in float32, which bf16 products treat as 0; and just above the smallest normal
 * number.
 */
const SPECIAL = [NaN, Infinity, -Infinity, 1e-40, -3e-39, 1.5e-38];
const SMALLEST_NORMAL = 2 ** -126;

/** Every input with one special value at its beginning, middle or end. */
function* variantsOf(inputs: readonly Input[]): Generator<[string, Input[]]> {
  for (const [i, input] of inputs.entries()) {
    if (typeof input !== 'object' || input.arg.dtype !== 'real' || input.arg.role !== 'in') continue;
    const values = input.values;
    if (!values) continue;
    for (const [k, special] of SPECIAL.entries()) {
      // A product has no more digits than a subnormal scale.
      if (input.arg.values === 'scale' && Math.abs(special) < SMALLEST_NORMAL) continue;
      const at = [0, values.length - 1, values.length >> 1][k % 3]!;
      const changed = values.slice();
      changed[at] = Math.fround(special);
      yield [`${input.arg.name}[${at}] = ${special}`, inputs.with(i, { ...input, values: changed })];
    }
  }
}

interface Case {
  readonly what: string;
  readonly inputs: readonly Input[];
  readonly expected: Outcome;
}

function casesOf(op: OpName): Case[] {
  const dims = dimsNear(op, (s) => SIZES[s] ?? 3);
  return Array.from({ length: variants(op) }, (_, variant) =>
    [...variantsOf(inputsOf({ op, dims, seed: 0, variant }))].map(([value, inputs]) => {
      const choices = inputs.filter((input) => typeof input === 'string');
      return { what: [value, ...choices].join(', '), inputs, expected: runOp(reference, op, inputs) };
    }),
  ).flat();
}

/** Computed once for all instruction sets. */
const cases = new Map<OpName, Case[]>();

/** Throws unless one special value among an op's inputs reaches the same outputs as in the reference. */
export function expectSpecialsPass(backend: Backend, op: OpName): void {
  if (!cases.has(op)) cases.set(op, casesOf(op));
  for (const { what, inputs, expected } of cases.get(op)!) {
    try {
      expectAgreement(op, runOp(backend, op, inputs), expected);
    } catch (error) {
      throw new Error(`${what}: ${(error as Error).message}`);
    }
  }
}
