import { FlashError } from '../errors.ts';
import type { OpName } from '../kernels.ts';
import type { Real, Tensor } from '../tensor.ts';
import { type FlatArg, flatArgs, flatValues } from './calls.ts';
import { type Dim, type Dims, OPS, type TensorArg } from './table.ts';

/**
 * Checks one call against the op table: types, lengths, shapes that agree, index ranges, memory that must not be
 * shared. Returns the values of the op's symbols.
 * @throws FlashError naming op, argument and tensor label.
 */
export function checkCall(op: OpName, values: readonly unknown[], real: Real): Dims {
  const args = flatArgs(op);
  const flat = flatValues(op, values);
  const dims: Record<string, number> = {};
  const fail = (arg: FlatArg, i: number, what: string): never => {
    const label = (flat[i] as Tensor | null)?.label;
    throw new FlashError(`${op}: '${arg.name}' ${what}`, { where: label });
  };
  const agree = (arg: FlatArg, i: number, dim: Dim, found: number, what: string): void => {
    const [symbol, plus] = typeof dim === 'string' ? dim.split('+') : [undefined];
    const offset = Number(plus ?? 0);
    if (symbol !== undefined) dims[symbol] ??= found - offset;
    const expected = symbol === undefined ? dim : dims[symbol]! + offset;
    if (found !== expected) fail(arg, i, `has ${found} ${what}, expected ${expected}`);
  };

  args.forEach((arg, i) => {
    const value = flat[i];
    if (arg.kind === 'scalar') {
      if (typeof value !== 'number' || !Number.isFinite(value))
        fail(arg, i, `is ${value}, expected a number`);
      if ((arg.symbol || arg.whole) && !(Number.isSafeInteger(value) && (value as number) >= 1)) {
        fail(arg, i, `is ${value}, expected a whole number of at least 1`);
      }
      if (arg.symbol) agree(arg, i, arg.symbol, value as number, '');
    } else if (arg.kind === 'choice') {
      if (!arg.values.includes(value as string))
        fail(arg, i, `is ${value}, expected ${arg.values.join(' or ')}`);
    } else if (value === null) {
      if (!arg.optional) fail(arg, i, 'is missing');
    } else {
      const t = value as Tensor;
      const dtype = arg.dtype === 'real' ? real : arg.dtype;
      if (t.dtype !== dtype) fail(arg, i, `is ${t.dtype}, expected ${dtype}`);
      if (t.data.length !== t.rows * t.cols)
        fail(arg, i, `has ${t.data.length} values for ${t.rows} x ${t.cols}`);
      agree(arg, i, arg.rows, t.rows, 'rows');
      agree(arg, i, arg.cols, t.cols, 'columns');
    }
  });

  const { product } = OPS[op];
  if (product) {
    const [whole, count, size] = product;
    dims[count] ??= dims[whole]! / dims[size]!;
    if (dims[count]! * dims[size]! !== dims[whole] || !Number.isInteger(dims[count])) {
      throw new FlashError(`${op}: ${dims[whole]} rows are not ${dims[count]} sequences of ${dims[size]}`);
    }
  }
  args.forEach((arg, i) => {
    if (arg.kind !== 'tensor' || flat[i] === null) return;
    checkIndices(arg, flat[i] as Tensor, dims, usedEntries(arg, args, flat), (what) => fail(arg, i, what));
    args.forEach((other, j) => {
      if (j === i || arg.role === 'in' || other.kind !== 'tensor' || flat[j] === null) return;
      const same = (flat[i] as Tensor).data === (flat[j] as Tensor).data;
      if (same && arg.mayAlias?.includes(other.name)) return;
      if (overlap(flat[i] as Tensor, flat[j] as Tensor)) fail(arg, i, `shares memory with '${other.name}'`);
    });
  });
  return dims;
}

/** Entries of sparse rows are used from the first offset to the last; other indices all. */
function usedEntries(arg: TensorArg, args: readonly FlatArg[], flat: readonly unknown[]): [number, number] {
  const at = args.findIndex((other) => other.kind === 'tensor' && other.offsetsInto === arg.rows);
  const { data } = flat[at < 0 ? args.indexOf(arg) : at] as Tensor;
  return at < 0 ? [0, data.length] : [data[0]!, data[data.length - 1]!];
}

function checkIndices(
  arg: TensorArg,
  t: Tensor,
  dims: Dims,
  [first, end]: readonly [number, number],
  fail: (what: string) => never,
): void {
  if (arg.below) {
    const wrong = t.data.findIndex((v, i) => i >= first && i < end && (v < 0 || v >= dims[arg.below!]!));
    if (wrong >= 0) fail(`holds ${t.data[wrong]} at ${wrong}, expected 0 to ${dims[arg.below]! - 1}`);
  }
  if (arg.offsetsInto) {
    const most = dims[arg.offsetsInto]!;
    const wrong = t.data.findIndex((v, i) => v < (i ? t.data[i - 1]! : 0) || v > most);
    if (wrong >= 0) fail(`holds ${t.data[wrong]} at ${wrong}: offsets must not fall, nor pass ${most}`);
  }
}

function overlap(a: Tensor, b: Tensor): boolean {
  if (a.data.buffer !== b.data.buffer) return false;
  const [startA, startB] = [a.data.byteOffset, b.data.byteOffset];
  return startA < startB + b.data.byteLength && startB < startA + a.data.byteLength;
}
