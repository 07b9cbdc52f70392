import fc from 'fast-check';
import type { OpName } from '../../src/core/kernels.ts';
import { flatArgs } from '../../src/core/ops/calls.ts';
import { type Dims, sizeOf } from '../../src/core/ops/dims.ts';
import { complete, freeSymbols, hasTargets } from '../../src/core/ops/op-dims.ts';
import { OPS } from '../../src/core/ops/table.ts';
import { EFFORT } from './effort.ts';

/** Larger tensors would only be slow. */
const MOST_ELEMENTS = 60_000;

function isWanted(op: OpName, dims: Dims): boolean {
  // With a single class the gradient is 0, and only rounding is left to compare.
  if (hasTargets(op) && dims.V === 1) return false;
  const sizes = flatArgs(op).map((arg) =>
    arg.kind === 'tensor' && !arg.packs ? sizeOf(arg.rows, dims) * sizeOf(arg.cols, dims) : 0,
  );
  return OPS[op].flops(dims) <= EFFORT.mostFlops && Math.max(...sizes) <= MOST_ELEMENTS;
}

/** The sizes that a symbol takes. */
const edgesOf = (op: OpName, symbol: string): readonly number[] =>
  OPS[op].mayBeZero?.includes(symbol) ? [0, ...EFFORT.edges] : EFFORT.edges;

/** Each symbol at every edge in turn, the others small and odd. */
export function sweep(op: OpName): Dims[] {
  const symbols = freeSymbols(op);
  const small = (i: number) => [3, 5, 7, 11][i % 4]!;
  const calls = symbols.flatMap((swept) =>
    edgesOf(op, swept).map((edge) =>
      Object.fromEntries(symbols.map((s, i) => [s, s === swept ? edge : small(i)])),
    ),
  );
  return calls.map((free) => complete(op, free)).filter((dims) => isWanted(op, dims));
}

/** Any edges together. */
export function anyDims(op: OpName): fc.Arbitrary<Dims> {
  const edges = freeSymbols(op).map((symbol) => [symbol, fc.constantFrom(...edgesOf(op, symbol))]);
  return fc
    .record(Object.fromEntries(edges) as Record<string, fc.Arbitrary<number>>)
    .map((free) => complete(op, free))
    .filter((dims) => isWanted(op, dims));
}
