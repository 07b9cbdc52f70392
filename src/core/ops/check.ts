import { FlashError } from '../errors.ts';
import type { OpName } from '../kernels.ts';
import type { Real, Tensor } from '../tensor.ts';
import { type FlatArg, flatArgs, flatValues, minOf } from './calls.ts';
import { type Dims, isSize, sizeOf, stepValue, symbolsIn } from './dims.ts';
import { dimReadings, equationsOf, readSource, symbolSteps } from './op-dims.ts';
import { isWritten, type TensorArg } from './spec.ts';
import { OPS } from './table.ts';

/**
 * Checks one call against the op table: types, lengths, shapes that agree, index ranges, memory that must not be
 * shared. Returns the values of the op's symbols.
 * @throws FlashError naming op, argument and tensor label.
 */
export function checkCall(op: OpName, values: readonly unknown[], real: Real): Dims {
  const args = flatArgs(op);
  const flat = flatValues(op, values);
  const fail = (arg: FlatArg, i: number, what: string): never => {
    const label = (flat[i] as Tensor | null)?.label;
    throw new FlashError(`${op}: '${arg.name}' ${what}`, { where: label });
  };

  args.forEach((arg, i) => {
    const value = flat[i];
    if (arg.kind === 'scalar') {
      if (typeof value !== 'number' || !Number.isFinite(value))
        fail(arg, i, `is ${value}, expected a number`);
      const min = minOf(op, arg);
      if (min !== null && !(Number.isSafeInteger(value) && (value as number) >= min))
        fail(arg, i, `is ${value}, expected a whole number of at least ${min}`);
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
    }
  });

  const dims = checkDims(op, flat, (i, what) => fail(args[i]!, i, what));
  args.forEach((arg, i) => {
    if (arg.kind !== 'tensor' || flat[i] === null) return;
    checkIndices(arg, flat[i] as Tensor, dims, usedEntries(arg, args, flat), (what) => fail(arg, i, what));
    args.forEach((other, j) => {
      if (j === i || !isWritten(arg.role) || other.kind !== 'tensor' || flat[j] === null) return;
      const same = (flat[i] as Tensor).data === (flat[j] as Tensor).data;
      if (same && arg.mayAlias?.includes(other.name)) return;
      if (overlap(flat[i] as Tensor, flat[j] as Tensor)) fail(arg, i, `shares memory with '${other.name}'`);
    });
  });
  return dims;
}

const AXES = { rows: 'rows', cols: 'columns', number: '' } as const;

/** Solves the symbols and compares every dimension with them. */
function checkDims(op: OpName, flat: readonly unknown[], fail: (i: number, what: string) => never): Dims {
  const dims: Record<string, number> = {};
  const given = (dim: string | number, but?: string): string => {
    const known = symbolsIn(dim).flatMap((s) => (s === but ? [] : [`${s} = ${dims[s]}`]));
    return known.length ? ` with ${known.join(', ')}` : '';
  };
  for (const step of symbolSteps(op)) {
    const { symbol, dim, from } = step;
    const value = stepValue(step, (source) => readSource(flat, source), dims);
    dims[symbol] = value;
    const [min, max] = OPS[op].limits?.[symbol] ?? [0, Number.POSITIVE_INFINITY];
    if (isSize(value) && value >= min && value <= max) continue;
    if (isSize(value) && 'source' in from) {
      const [least, most] = [min, max].map((limit) => sizeOf(dim, { ...dims, [symbol]: limit }));
      const found = `has ${readSource(flat, from.source)} ${AXES[from.source.axis]}`;
      fail(from.source.arg, `${found}, expected ${least} to ${most}`);
    }
    const wanted = `expected ${dim} for a whole ${symbol}${given(dim, symbol)}`;
    // Of an equation, the argument whose symbol it ties to the others.
    const owner = 'dim' in from ? symbolSteps(op).find(({ symbol }) => symbol === from.dim)?.from : from;
    if (owner && 'source' in owner)
      fail(owner.source.arg, `has ${readSource(flat, owner.source)} ${AXES[owner.source.axis]}, ${wanted}`);
    throw new FlashError(`${op}: ${dim} has no whole ${symbol}${given(dim, symbol)}`);
  }
  for (const { dim, source } of dimReadings(op)) {
    const expected = sizeOf(dim, dims);
    const found = readSource(flat, source);
    if (flat[source.arg] === null || found === expected) continue;
    const isPlain = typeof dim === 'number' || dim in dims;
    const origin = isPlain ? '' : ` (${dim}${given(dim)})`;
    fail(source.arg, `has ${found} ${AXES[source.axis]}, expected ${expected}${origin}`);
  }
  for (const { symbol, dim } of equationsOf(op)) {
    const expected = sizeOf(dim, dims);
    if (dims[symbol] !== expected)
      throw new FlashError(`${op}: ${symbol} is ${dims[symbol]}, expected ${expected} (${dim}${given(dim)})`);
  }
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
