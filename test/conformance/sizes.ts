import fc from 'fast-check';
import type { OpName } from '../../src/core/kernels.ts';
import { flatArgs } from '../../src/core/ops/calls.ts';
import { type Dims, sizeOf } from '../../src/core/ops/dims.ts';
import { complete, dimsNear, freeSymbols, testedSizes } from '../../src/core/ops/op-dims.ts';
import { OPS } from '../../src/core/ops/table.ts';
import { EFFORT } from './effort.ts';

/** Larger tensors would only be slow. */
const MAX_ELEMENTS = 60_000;

function isWanted(op: OpName, dims: Dims): boolean {
  const sizes = flatArgs(op).map((arg) =>
    arg.kind === 'tensor' && !arg.packs ? sizeOf(arg.rows, dims) * sizeOf(arg.cols, dims) : 0,
  );
  return OPS[op].flops(dims) <= EFFORT.maxFlops && Math.max(...sizes) <= MAX_ELEMENTS;
}

/** Each symbol in turn at every edge size, the others small and odd. */
export function sweep(op: OpName): Dims[] {
  const symbols = freeSymbols(op);
  const small = (i: number) => [3, 5, 7, 11][i % 4]!;
  return symbols
    .flatMap((swept) =>
      testedSizes(op, swept, EFFORT.edges).map((edge) =>
        dimsNear(op, (s, i) => (s === swept ? edge : small(i))),
      ),
    )
    .filter((dims) => isWanted(op, dims));
}

/** Every symbol at an edge size drawn at random. */
export function anyDims(op: OpName): fc.Arbitrary<Dims> {
  const edges = freeSymbols(op).map((symbol) => [
    symbol,
    fc.constantFrom(...testedSizes(op, symbol, EFFORT.edges)),
  ]);
  return fc
    .record(Object.fromEntries(edges) as Record<string, fc.Arbitrary<number>>)
    .map((free) => complete(op, free))
    .filter((dims) => isWanted(op, dims));
}
