import fc from 'fast-check';
import type { OpName } from '../../src/core/kernels.ts';
import { flatArgs } from '../../src/core/ops/calls.ts';
import { type Dims, sizeOf } from '../../src/core/ops/dims.ts';
import { someVariants, variants } from '../../src/core/ops/inputs.ts';
import { complete, dimsNear, freeSymbols, testedSizes } from '../../src/core/ops/op-dims.ts';
import { OPS } from '../../src/core/ops/table.ts';
import { effort } from '../effort.ts';
import { EFFORT } from './effort.ts';

/** Larger tensors would only be slow. */
const MAX_ELEMENTS = effort(25_000, 60_000);

const largestTensor = (op: OpName, dims: Dims): number =>
  Math.max(
    ...flatArgs(op).map((arg) =>
      arg.kind === 'tensor' && !arg.packs ? sizeOf(arg.rows, dims) * sizeOf(arg.cols, dims) : 0,
    ),
  );

const isWanted = (op: OpName, dims: Dims): boolean =>
  OPS[op].flops(dims) <= EFFORT.maxFlops && largestTensor(op, dims) <= MAX_ELEMENTS;

/**
 * The dimensions of a call with the symbols that `given` has, all others as large as `width`; a fraction of it in ops with
 * so many dimensions that a call would be far more work than one of a matrix product.
 */
export function dimsOfWidth(op: OpName, width: number, given: Dims): Dims {
  const dims = dimsNear(op, (symbol) => given[symbol] ?? width);
  const isLarge = largestTensor(op, dims) > 1_300_000 || OPS[op].flops(dims) > 30_000_000;
  return width > 1 && isLarge ? dimsOfWidth(op, Math.ceil(width / 3), given) : dims;
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

/** The variants that the i-th call of an op is tried in. */
export const variantsAt = (op: OpName, i: number): number[] =>
  effort(
    someVariants(op, i),
    Array.from({ length: variants(op) }, (_, variant) => variant),
  );

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
