import type { OpName } from '../kernels.ts';
import type { Tensor } from '../tensor.ts';
import { flatArgs, flatValues } from './calls.ts';
import {
  type Dim,
  type Dims,
  type Equation,
  parseEquation,
  planSteps,
  type Relation,
  relationsOf,
  type Step,
  sizeOf,
  stepValue,
  symbolsIn,
} from './dims.ts';
import { isWritten } from './spec.ts';
import { OP_NAMES, OPS } from './table.ts';

// What the op table says of an op's symbols; the algebra is in dims.ts.

/** Where a call shows the value of a dimension: an axis of a tensor, or a scalar. */
export interface Source {
  /** Of the flat arguments. */
  readonly arg: number;
  readonly axis: 'rows' | 'cols' | 'number';
}

/** A dimension of an argument, and where a call shows its value. */
export interface Reading {
  readonly dim: Dim;
  readonly source: Source;
}

/** All dimensions of one argument. The columns of a packed layout are the backend's. */
function readingsOf(op: OpName, at: number): Reading[] {
  const arg = flatArgs(op)[at]!;
  if (arg.kind === 'scalar')
    return arg.symbol ? [{ dim: arg.symbol, source: { arg: at, axis: 'number' } }] : [];
  if (arg.kind !== 'tensor') return [];
  const rows: Reading = { dim: arg.rows, source: { arg: at, axis: 'rows' } };
  return arg.packs ? [rows] : [rows, { dim: arg.cols, source: { arg: at, axis: 'cols' } }];
}

interface Symbols {
  readonly readings: readonly Reading[];
  readonly equations: readonly Equation[];
  readonly steps: readonly Step<Source>[];
}

/**
 * Symbols are read from inputs and scalars, then from equations, then from what is written or the runner's: a caller thinks of inputs as
 * given and of the rest as having to fit. An optional argument gives no symbol its value.
 */
function symbolsOfOp(op: OpName): Symbols {
  const args = flatArgs(op);
  const readings = args.flatMap((_, at) => readingsOf(op, at));
  const equations = (OPS[op].equations ?? []).map(parseEquation);
  const relations = (written: boolean): Relation<Source>[] =>
    readings.flatMap(({ dim, source }): Relation<Source>[] => {
      const arg = args[source.arg]!;
      const isLate = arg.kind === 'tensor' && (isWritten(arg.role) || arg.lasting === true);
      return isLate === written && !(arg.kind === 'tensor' && arg.optional)
        ? [{ dim, from: { source } }]
        : [];
    });
  const steps = planSteps([...relations(false), ...equations.flatMap(relationsOf), ...relations(true)]);
  const known = new Set(steps.map(({ symbol }) => symbol));
  const unknown = [...readings, ...equations].flatMap(({ dim }) => symbolsIn(dim)).find((s) => !known.has(s));
  if (unknown !== undefined) throw new Error(`${op}: no argument gives the symbol ${unknown} its value`);
  return { readings, equations, steps };
}

const SYMBOLS = Object.fromEntries(OP_NAMES.map((op) => [op, symbolsOfOp(op)])) as Record<OpName, Symbols>;

/** All dimensions of an op's arguments. */
export const dimReadings = (op: OpName): readonly Reading[] => SYMBOLS[op].readings;
export const equationsOf = (op: OpName): readonly Equation[] => SYMBOLS[op].equations;
/** How the symbols of a call are found, in order. */
export const symbolSteps = (op: OpName): readonly Step<Source>[] => SYMBOLS[op].steps;

/** The symbols of an op, those of inputs first. */
export const symbolsOf = (op: OpName): string[] => SYMBOLS[op].steps.map(({ symbol }) => symbol);

/** The value that a call's flat arguments show at `source`; NaN for a tensor that is absent. */
export function readSource(flat: readonly unknown[], { arg, axis }: Source): number {
  if (axis === 'number') return flat[arg] as number;
  return (flat[arg] as Tensor | null)?.[axis] ?? Number.NaN;
}

/** The values of an op's symbols in a call that is known to be right (`checkCall` finds out whether it is). */
export function dimsOf(op: OpName, values: readonly unknown[]): Dims {
  const flat = flatValues(op, values);
  const dims: Record<string, number> = {};
  for (const step of SYMBOLS[op].steps)
    dims[step.symbol] = stepValue(step, (source) => readSource(flat, source), dims);
  return dims;
}

/** The symbols of an op that can be chosen freely: all but those that equations define. */
export function freeSymbols(op: OpName): string[] {
  const defined = new Set(equationsOf(op).map(({ symbol }) => symbol));
  const names = [...dimReadings(op), ...equationsOf(op)].flatMap(({ dim }) => symbolsIn(dim));
  return [...new Set(names)].filter((symbol) => !defined.has(symbol));
}

/** `free` with the symbols that equations define. */
export function complete(op: OpName, free: Dims): Dims {
  const dims: Record<string, number> = { ...free };
  for (const { symbol, dim } of equationsOf(op)) dims[symbol] = sizeOf(dim, dims);
  return dims;
}

/** The symbol by which a batch is cut: rows or sequences that do not depend on each other; undefined where there is none. */
export function batchSymbol(op: OpName): 'M' | 'S' | undefined {
  const { independent } = OPS[op];
  return independent && (independent === 'row' ? 'M' : 'S');
}

const minSize = (op: OpName, symbol: string): number =>
  OPS[op].sizes?.[symbol]?.min ?? (OPS[op].mayBeZero?.includes(symbol) ? 0 : 1);

/** The sizes among `usual` that a symbol takes in tests, or those the table has in their place. */
export function testedSizes(op: OpName, symbol: string, usual: readonly number[]): readonly number[] {
  const { tested } = OPS[op].sizes?.[symbol] ?? {};
  const min = minSize(op, symbol);
  const sizes = tested ?? usual.filter((size) => size >= min);
  return min === 0 ? [0, ...sizes] : sizes;
}

/** The size of a symbol that tests may take and that is nearest to `wanted`. */
export function nearestSize(op: OpName, symbol: string, wanted: number): number {
  const { tested } = OPS[op].sizes?.[symbol] ?? {};
  const distance = (size: number): number => Math.abs(size - wanted);
  return tested
    ? tested.reduce((best, size) => (distance(size) < distance(best) ? size : best))
    : Math.max(minSize(op, symbol), wanted);
}

/** The dimensions of a call in tests: each free symbol, the i-th of them, of the size `wanted` or the nearest to it. */
export function dimsNear(op: OpName, wanted: (symbol: string, i: number) => number): Dims {
  const free = freeSymbols(op).map((symbol, i) => [symbol, nearestSize(op, symbol, wanted(symbol, i))]);
  return complete(op, Object.fromEntries(free));
}
