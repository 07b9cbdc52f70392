import type { OpName } from '../kernels.ts';
import { flatArgs } from './calls.ts';
import { type Dims, OPS } from './table.ts';

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

/**
 * The symbol of an op's rows: those it maps one by one or sums over. Undefined for ops on one whole matrix.
 */
export function batchSymbol(op: OpName): string | undefined {
  const tensors = flatArgs(op).flatMap((arg) => (arg.kind === 'tensor' ? [arg] : []));
  return ['M', 'K'].find((s) => tensors.some((t) => t.rows === s) && !tensors.some((t) => t.cols === s));
}
