import { FlashError } from '../core/errors.ts';
import type { OpName } from '../core/kernels.ts';
import { flatArgs } from '../core/ops/calls.ts';
import { type Dims, OPS } from '../core/ops/table.ts';

/** The symbols that decide the shapes of an op's arguments, in the order in which they appear. */
export function symbolsOf(op: OpName): string[] {
  const symbols = new Set<string>();
  for (const arg of flatArgs(op)) {
    if (arg.kind === 'scalar' && arg.symbol) symbols.add(arg.symbol);
    // The size of a private layout follows from the codes.
    if (arg.kind !== 'tensor') continue;
    for (const dim of arg.packs ?? [arg.rows, arg.cols])
      if (typeof dim === 'string') symbols.add(dim.split('+')[0]!);
  }
  // The number of sequences follows from their rows and their length.
  const { product } = OPS[op];
  if (product) symbols.delete(product[1]);
  return [...symbols];
}

/**
 * The dimensions with what follows from them.
 * @throws FlashError (wrong usage) when the rows are not whole sequences.
 */
export function completeDims(op: OpName, dims: Dims): Dims {
  const { product } = OPS[op];
  if (!product) return dims;
  const [rows, count, length] = product;
  const sequences = dims[rows]! / dims[length]!;
  if (Number.isInteger(sequences)) return { ...dims, [count]: sequences };
  throw new FlashError(
    `${op}: ${rows}=${dims[rows]} rows are not whole sequences of ${length}=${dims[length]}`,
    {
      exitCode: 2,
    },
  );
}
