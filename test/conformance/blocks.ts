import type { OpName } from '../../src/core/kernels.ts';
import { flatArgs, OPS } from '../../src/core/ops.ts';
import type { Input } from './inputs.ts';
import type { Outcome } from './run.ts';
import { batchSymbol } from './sizes.ts';

/** How many of a tensor's rows belong to `rows` rows of the batch; null for a tensor that all blocks share. */
function share(op: OpName, dim: string | number, rows: number, seqLen: number): number | null {
  if (dim === batchSymbol(op)) return rows;
  return dim === OPS[op].product?.[1] ? rows / seqLen : null;
}

const seqLenOf = (op: OpName, inputs: readonly Input[]): number =>
  inputs[flatArgs(op).findIndex((arg) => arg.kind === 'scalar' && arg.symbol)] as number;

/**
 * The inputs of rows [begin, end) of a call. What all blocks share is taken from `before`, the outcome of the block
 * that came first: an accumulator goes on from there.
 */
export function blockOf(
  op: OpName,
  inputs: readonly Input[],
  begin: number,
  end: number,
  before?: Outcome,
): Input[] {
  const seqLen = seqLenOf(op, inputs);
  return inputs.map((input) => {
    if (typeof input !== 'object' || !input.values) return input;
    const { arg, cols, values } = input;
    if (arg.rows === `${batchSymbol(op)}+1`)
      return { ...input, rows: end - begin + 1, values: values.slice(begin, end + 1) };
    const first = share(op, arg.rows, begin, seqLen);
    const last = share(op, arg.rows, end, seqLen);
    if (first === null || last === null) {
      const grown = arg.role === 'acc' ? before?.tensors.get(arg.name) : undefined;
      return grown ? { ...input, values: Float64Array.from(grown.data) } : input;
    }
    return { ...input, rows: last - first, values: values.slice(first * cols, last * cols) };
  });
}

/** The bytes that two blocks wrote, put together as one call on all rows would have left them. */
export function joined(op: OpName, first: Outcome, second: Outcome): ReadonlyMap<string, string> {
  const hex = (outcome: Outcome, name: string): string => {
    const { data } = outcome.tensors.get(name)!;
    return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex');
  };
  const names = flatArgs(op).filter((arg) => first.tensors.has(arg.name));
  return new Map(
    names.map((arg) => {
      const isSplit = arg.kind === 'tensor' && share(op, arg.rows, 0, 1) !== null;
      return [arg.name, (isSplit ? hex(first, arg.name) : '') + hex(second, arg.name)];
    }),
  );
}
