import type { Precision } from '../compute.ts';
import type { OpName } from '../kernels.ts';
import type { Real, Tensor } from '../tensor.ts';
import type { ArgSpec, GroupArg, Present, ScalarArg, TensorArg } from './spec.ts';
import { OP_NAMES, OPS } from './table.ts';

// What the op table says of one call: its arguments one by one, and what their values come to.

/** An argument after groups are opened: `name` is `x.codes` for field `codes` of `x`. */
export type FlatArg = Exclude<ArgSpec, GroupArg>;

const FLAT_ARGS = Object.fromEntries(
  OP_NAMES.map((op) => [
    op,
    OPS[op].args.flatMap((arg: ArgSpec): FlatArg[] =>
      arg.kind === 'group'
        ? Object.values(arg.fields).map((field) => ({
            ...field,
            name: `${arg.name}.${field.name}`,
            ...(field.packs && { packs: `${arg.name}.${field.packs}` }),
          }))
        : [arg],
    ),
  ]),
) as unknown as Record<OpName, readonly FlatArg[]>;

/** The arguments of an op with groups opened, in order. */
export function flatArgs(op: OpName): readonly FlatArg[] {
  return FLAT_ARGS[op];
}

/** The minimum of a scalar that must be a whole number; null for one that may be any number. */
export function minOf(op: OpName, { symbol, whole }: ScalarArg): number | null {
  if (symbol) return OPS[op].mayBeZero?.includes(symbol) ? 0 : 1;
  return whole ?? null;
}

/** The place of the codes whose private layout a flat argument is. */
export function codesOf(op: OpName, { name, packs }: TensorArg): number {
  const at = flatArgs(op).findIndex((other) => other.name === packs);
  if (at < 0) throw new Error(`${op}: there are no codes '${packs}' that '${name}' packs`);
  return at;
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
  return precisionIn(op, flatValues(op, values)) ?? 'f32';
}

/** The place of the choice that carries an op's precision; -1 where it has none. */
export const precisionArg = (op: OpName): number =>
  flatArgs(op).findIndex((arg) => arg.kind === 'choice' && arg.precision);

/** The precision among flat values; undefined for ops that have no choice of it. */
export const precisionIn = (op: OpName, flat: readonly unknown[]): Precision | undefined =>
  flat[precisionArg(op)] as Precision | undefined;

/** Which optional arguments a call has. */
export function presentArgs(op: OpName, values: readonly unknown[]): Present {
  const flat = flatValues(op, values);
  const absent = new Set(flatArgs(op).flatMap((arg, i) => (flat[i] === null ? [arg.name] : [])));
  return (arg) => !absent.has(arg);
}
