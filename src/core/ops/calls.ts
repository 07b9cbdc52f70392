import type { Precision } from '../compute.ts';
import type { OpName } from '../kernels.ts';
import type { Real, Tensor } from '../tensor.ts';
import { type ArgSpec, type Dim, type Dims, type GroupArg, OP_NAMES, OPS, type Present } from './table.ts';

// What the op table says of one call: its arguments one by one, and what their values come to.

/** An argument after groups are opened: `name` is `x.codes` for field `codes` of `x`. */
export type FlatArg = Exclude<ArgSpec, GroupArg>;

const FLAT_ARGS = Object.fromEntries(
  OP_NAMES.map((op) => [
    op,
    OPS[op].args.flatMap((arg: ArgSpec): FlatArg[] =>
      arg.kind === 'group'
        ? Object.values(arg.fields).map((field) => ({ ...field, name: `${arg.name}.${field.name}` }))
        : [arg],
    ),
  ]),
) as unknown as Record<OpName, readonly FlatArg[]>;

/** The arguments of an op with groups opened, in order. */
export function flatArgs(op: OpName): readonly FlatArg[] {
  return FLAT_ARGS[op];
}

/** The values of one call with groups opened, in the order of `flatArgs`. */
export function flatValues(op: OpName, values: readonly unknown[]): unknown[] {
  return OPS[op].args.flatMap((arg: ArgSpec, i: number): unknown[] =>
    arg.kind === 'group'
      ? Object.keys(arg.fields).map((field) => (values[i] as Record<string, unknown>)[field])
      : [values[i]],
  );
}

/** Flat values as the arguments of the op: what `flatValues` undoes. */
export function groupedValues(op: OpName, flat: readonly unknown[]): unknown[] {
  let at = 0;
  return OPS[op].args.map((arg: ArgSpec): unknown => {
    if (arg.kind !== 'group') return flat[at++];
    return Object.fromEntries(Object.keys(arg.fields).map((field) => [field, flat[at++]]));
  });
}

/** A dimension's value: `'M+1'` is one more than `M`. */
export function sizeOf(dim: Dim, dims: Dims): number {
  if (typeof dim === 'number') return dim;
  const [symbol, plus = 0] = dim.split('+');
  return dims[symbol!]! + Number(plus);
}

/** Reads one symbol off the flat values of a call. */
interface DimReader {
  readonly symbol: string;
  readonly at: number;
  readonly axis: 'rows' | 'cols' | 'number';
  readonly plus: number;
}

function dimReaders(op: OpName): DimReader[] {
  return flatArgs(op).flatMap((arg, at): DimReader[] => {
    if (arg.kind === 'scalar') return arg.symbol ? [{ symbol: arg.symbol, at, axis: 'number', plus: 0 }] : [];
    if (arg.kind !== 'tensor') return [];
    return (['rows', 'cols'] as const).flatMap((axis) => {
      const dim = arg[axis];
      if (typeof dim === 'number') return [];
      const [symbol, plus = 0] = dim.split('+');
      return [{ symbol: symbol!, at, axis, plus: Number(plus) }];
    });
  });
}

const DIM_READERS = Object.fromEntries(OP_NAMES.map((op) => [op, dimReaders(op)])) as Record<
  OpName,
  DimReader[]
>;

/** The values of an op's symbols in a call that is known to be right (`checkCall` finds out whether it is). */
export function dimsOf(op: OpName, values: readonly unknown[]): Dims {
  const flat = flatValues(op, values);
  const dims: Record<string, number> = {};
  for (const { symbol, at, axis, plus } of DIM_READERS[op]) {
    const value = flat[at];
    if (value === null || dims[symbol] !== undefined) continue;
    dims[symbol] = (axis === 'number' ? (value as number) : (value as Tensor)[axis]) - plus;
  }
  const { product } = OPS[op];
  if (product) dims[product[1]] ??= dims[product[0]]! / dims[product[2]]!;
  return dims;
}

/** The float type of a call's tensors; undefined where it has none. */
export function realOf(op: OpName, values: readonly unknown[]): Real | undefined {
  const flat = flatValues(op, values);
  const at = flatArgs(op).findIndex(
    (arg, i) => arg.kind === 'tensor' && arg.dtype === 'real' && flat[i] !== null,
  );
  return at < 0 ? undefined : ((flat[at] as Tensor).dtype as Real);
}

/** The values of a call's choices. */
export function choicesOf(op: OpName, values: readonly unknown[]): readonly string[] {
  return OPS[op].args.flatMap((arg: ArgSpec, i: number) =>
    arg.kind === 'choice' ? [values[i] as string] : [],
  );
}

/** What a call's products are rounded to; float32 for ops that have no choice of it. */
export function precisionOf(op: OpName, values: readonly unknown[]): Precision {
  const at = OPS[op].args.findIndex((arg: ArgSpec) => arg.name === 'precision');
  return at < 0 ? 'f32' : (values[at] as Precision);
}

/** Which optional arguments a call has. */
export function presentArgs(op: OpName, values: readonly unknown[]): Present {
  const flat = flatValues(op, values);
  const absent = new Set(flatArgs(op).flatMap((arg, i) => (flat[i] === null ? [arg.name] : [])));
  return (arg) => !absent.has(arg);
}
