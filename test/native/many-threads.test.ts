import { execFile } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { createNativeBackend, nativeStatus } from '../../src/backends/native/index.ts';
import { OpArguments } from '../../src/bench/op-arguments.ts';
import { opCases } from '../../src/bench/op-case.ts';
import { flatArgs, flatValues } from '../../src/core/ops/calls.ts';
import { inputsOf, variants } from '../../src/core/ops/inputs.ts';
import { dimsNear } from '../../src/core/ops/op-dims.ts';
import type { Tensor } from '../../src/core/tensor.ts';
import { runOp } from '../../src/verify/op-run.ts';
import { nativeVariants } from '../conformance/backends.ts';
import { expectSameBits } from '../conformance/compare.ts';
import { outputs } from './outputs.ts';
import { Seam } from './seam/index.ts';

/**
 * More than some outputs have tiles of rows, so that parts of the panels are shared out too; it divides none
 * of them.
 */
const THREADS = 40;

const isas = nativeStatus().isas.filter(({ supported }) => supported);

const bytesOf = ({ data }: Tensor): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

/** What calls write, at v6.1's sizes: products large enough for that many threads. */
function written(
  isa: string,
  features: readonly string[],
  threads: number,
  op: Parameters<typeof opCases>[0],
) {
  const backend = createNativeBackend({ isa, features, threads });
  try {
    return opCases(op).flatMap((each) => {
      const values = new OpArguments(backend).of(each);
      (backend.kernels[each.op] as (...values: unknown[]) => unknown)(...values);
      return flatValues(each.op, values).flatMap((value, i) => {
        const arg = flatArgs(each.op)[i]!;
        return arg.kind === 'tensor' && arg.role !== 'in' ? [bytesOf(value as Tensor)] : [];
      });
    });
  } finally {
    backend.dispose();
  }
}

it.each(isas)('$isa gives the same bits with many more threads than rows of tiles', ({ isa, features }) => {
  const ops = ['ternaryMatmulGradW', 'matmulTransA'] as const;
  const many = written(isa, features, THREADS, ops);
  expect(written(isa, features, 1, ops).every((bytes, i) => bytes.equals(many[i]!))).toBe(true);
});

// Rows are packed 1,024 at a time for up to 8 threads, 2,048 for 9 and 5,120 for 40: always whole chunks of
// a sum.
describe.each(nativeVariants())('$name', ({ create }) => {
  const backends = [1, 9, THREADS].map(create);
  afterAll(() => {
    for (const backend of backends) backend.dispose();
  });

  it.each(['ternaryMatmulGradW', 'matmulTransA', 'headLoss', 'rmsNormGrad'] as const)(
    '%s sums 9,000 rows to the same bits with 1, 9 and 40 threads',
    (op) => {
      const dims = dimsNear(op, (symbol) => (symbol === 'M' ? 9000 : 9));
      for (let variant = 0; variant < variants(op); variant++) {
        const inputs = inputsOf({ op, dims, seed: 6, variant });
        const [alone, ...others] = backends.map((backend) => runOp(backend, op, inputs));
        for (const other of others) expectSameBits(other, alone!);
      }
    },
  );
});

it.runIf(process.platform === 'linux')(
  'all rows are written when the system gives one thread where three are wanted',
  async () => {
    const script = fileURLToPath(new URL('outputs.ts', import.meta.url));
    const FLASHLM_ADDON = path.dirname((await Seam.open()).file);
    const env = { ...process.env, FLASHLM_ADDON, FLASHLM_MOST_THREADS: '1' };
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script], { env });
    expect(JSON.parse(stdout)).toEqual(outputs());
  },
);
