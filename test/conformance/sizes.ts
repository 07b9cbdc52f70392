import fc from 'fast-check';
import type { OpName } from '../../src/core/kernels.ts';
import { type Dims, flatArgs, OPS, sizeOf } from '../../src/core/ops.ts';
import { EFFORT } from './effort.ts';

/** Larger tensors would only be slow. */
const MOST_ELEMENTS = 60_000;

/** The symbols of an op that can be chosen freely: not the packed size, and not a product of two others. */
export function freeSymbols(op: OpName): string[] {
  const names = new Set<string>(OPS[op].product?.slice(1));
  for (const arg of flatArgs(op)) {
    if (arg.kind === 'scalar' && arg.symbol) names.add(arg.symbol);
    if (arg.kind !== 'tensor') continue;
    for (const dim of arg.packs ? [] : [arg.rows, arg.cols])
      if (typeof dim === 'string' && !dim.includes('+')) names.add(dim);
  }
  names.delete(OPS[op].product?.[0] ?? '');
  return [...names];
}

/** `free` with the symbol that is their product. */
export function complete(op: OpName, free: Dims): Dims {
  const product = OPS[op].product;
  return product ? { ...free, [product[0]]: free[product[1]]! * free[product[2]]! } : free;
}

/** Whether an op has a loss over sparse targets. */
export const hasTargets = (op: OpName): boolean =>
  flatArgs(op).some((arg) => arg.kind === 'tensor' && arg.offsetsInto !== undefined);

function isWanted(op: OpName, dims: Dims): boolean {
  // With a single class the gradient is 0, and only rounding is left to compare.
  if (hasTargets(op) && dims.V === 1) return false;
  const sizes = flatArgs(op).map((arg) =>
    arg.kind === 'tensor' && !arg.packs ? sizeOf(arg.rows, dims) * sizeOf(arg.cols, dims) : 0,
  );
  return OPS[op].flops(dims) <= EFFORT.mostFlops && Math.max(...sizes) <= MOST_ELEMENTS;
}

/** Each symbol at every edge in turn, the others small and odd. */
export function sweep(op: OpName): Dims[] {
  const symbols = freeSymbols(op);
  const small = (i: number) => [3, 5, 7, 11][i % 4]!;
  const calls = symbols.flatMap((swept) =>
    EFFORT.edges.map((edge) => Object.fromEntries(symbols.map((s, i) => [s, s === swept ? edge : small(i)]))),
  );
  return calls.map((free) => complete(op, free)).filter((dims) => isWanted(op, dims));
}

/**
 * The symbol of an op's rows: those it maps one by one or sums over. Undefined for ops on one whole matrix.
 */
export function batchSymbol(op: OpName): string | undefined {
  const tensors = flatArgs(op).flatMap((arg) => (arg.kind === 'tensor' ? [arg] : []));
  return ['M', 'K'].find((s) => tensors.some((t) => t.rows === s) && !tensors.some((t) => t.cols === s));
}

/** Any edges together. */
export function anyDims(op: OpName): fc.Arbitrary<Dims> {
  const edge = fc.constantFrom(...EFFORT.edges);
  return fc
    .record(Object.fromEntries(freeSymbols(op).map((symbol) => [symbol, edge])))
    .map((free) => complete(op, free))
    .filter((dims) => isWanted(op, dims));
}
