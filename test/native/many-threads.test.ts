import { expect, it } from 'vitest';
import { createNativeBackend, nativeStatus } from '../../src/backends/native/index.ts';
import { OpArguments } from '../../src/bench/op-arguments.ts';
import { opCases } from '../../src/bench/op-case.ts';
import { flatArgs, flatValues } from '../../src/core/op-calls.ts';
import type { Tensor } from '../../src/core/tensor.ts';

/** More than some outputs have tiles of rows, so that parts of the panels are shared out too; it divides none of them. */
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
