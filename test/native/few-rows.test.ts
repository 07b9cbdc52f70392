import { afterAll, describe, it } from 'vitest';
import type { OpName } from '../../src/core/kernels.ts';
import { inputsOf, someVariants } from '../../src/core/ops/inputs.ts';
import { dimsNear } from '../../src/core/ops/op-dims.ts';
import { runOp } from '../../src/verify/op-run.ts';
import { nativeVariants } from '../conformance/backends.ts';
import { blockOf, joined } from '../conformance/blocks.ts';
import { expectSameBits } from '../conformance/compare.ts';

/** So many rows that every table packs the right operand first. */
const ROWS = 70;
const OPS_WITH_FEW: readonly OpName[] = [
  'matmul',
  'matmulTransB',
  'ternaryMatmul',
  'ternaryMatmulFloat',
  'ternaryMatmulGradX',
];

describe.each(nativeVariants())('$name', ({ create }) => {
  const backends = [1, 3].map(create);
  afterAll(() => {
    for (const backend of backends) backend.dispose();
  });

  it.each(OPS_WITH_FEW)('%s gives a few rows the same bits as among many rows', (op) => {
    // Sums of more than one chunk, and columns that fill no panel.
    for (const width of [7, 530]) {
      const dims = dimsNear(op, (s) => (s === 'M' ? ROWS : width));
      for (const variant of someVariants(op, width)) {
        const inputs = inputsOf({ op, dims, seed: 6, variant });
        for (const backend of backends) {
          const all = runOp(backend, op, inputs);
          for (const cut of [1, 23, 66, 68]) {
            const first = runOp(backend, op, blockOf(op, inputs, 0, cut));
            expectSameBits(joined(op, first, runOp(backend, op, blockOf(op, inputs, cut, ROWS))), all);
          }
        }
      }
    }
  });
});
