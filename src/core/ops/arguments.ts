import { FLOAT_PRECISIONS, PRECISIONS } from '../compute.ts';
import type { Quantized, SparseTargets, TernaryWeight } from '../tensor.ts';
import type { Dim, Dims } from './dims.ts';
import type {
  AnyKernel,
  ChoiceArg,
  GroupArg,
  OpEntry,
  Role,
  ScalarArg,
  SymbolSizes,
  TensorArg,
} from './spec.ts';

/** An entry of the op table; its name there is that of the constant. */
export const op = <Kernel extends AnyKernel>(entry: OpEntry<Kernel>): OpEntry<Kernel> => entry;

const real =
  (role: Role) =>
  (name: string, rows: Dim, cols: Dim, extra: Partial<TensorArg> = {}): TensorArg => ({
    kind: 'tensor',
    name,
    role,
    dtype: 'real',
    rows,
    cols,
    ...extra,
  });
export const input = real('in');
export const output = real('out');
export const accumulate = real('acc');
export const update = real('inout');
/** The columns [first, first + count) of a tensor. */
export const part = (name: string, rows: Dim, cols: Dim, columns: readonly [Dim, Dim]): TensorArg =>
  real('part')(name, rows, cols, { columns });
export const scalar = (name: string, extra: Partial<ScalarArg> = {}): ScalarArg => ({
  kind: 'scalar',
  name,
  ...extra,
});
/** A scalar that is a dimension. */
export const size = (name: string, symbol: string): ScalarArg => scalar(name, { symbol });
export const bench = (sizes: Dims): Record<string, SymbolSizes> =>
  Object.fromEntries(Object.entries(sizes).map(([symbol, value]) => [symbol, { bench: value }]));
export const choice = (name: string, values: readonly string[]): ChoiceArg => ({
  kind: 'choice',
  name,
  values,
});
export const ids = (name: string, rows: Dim, below: string): TensorArg =>
  input(name, rows, 1, { dtype: 'i32', below });
export const optional = { optional: true } as const;
/** For each row of sequences the first row of its document (`StepContext.starts`); absent where no document begins inside one. */
export const documentStarts: TensorArg = {
  ...ids('starts', 'M', 'T'),
  ...optional,
  values: 'starts',
  lasting: true,
  unusual: true,
};

export const group = <G>(name: string, fields: { readonly [F in keyof G]: TensorArg }): GroupArg => ({
  kind: 'group',
  name,
  fields: fields as Readonly<Record<string, TensorArg>>,
});
export const quantized = (name: string, rows: Dim, cols: Dim) =>
  group<Quantized>(name, {
    codes: input('codes', rows, cols, { dtype: 'i8', values: 'int8' }),
    scale: input('scale', rows, 1, { values: 'scale' }),
  });
export const ternary = (name: string, rows: Dim, cols: Dim) =>
  group<TernaryWeight>(name, {
    codes: input('codes', rows, cols, { dtype: 'i8', values: 'ternary' }),
    scale: input('scale', 1, 1, { values: 'scale' }),
    rowScale: input('rowScale', rows, 1, { values: 'scale', optional: true, unusual: true }),
    packed: input('packed', 1, 0, { dtype: 'u8', packs: 'codes' }),
  });
export const targets = group<SparseTargets>('targets', {
  offsets: input('offsets', 'M+1', 1, { dtype: 'i32', offsetsInto: 'Z' }),
  ids: input('ids', 'Z', 1, { dtype: 'i32', below: 'V' }),
  weights: input('weights', 'Z', 1, { values: 'positive' }),
});

/** v6.1: tokens of a step, rows of a block as two threads take it, vocabulary, widths of model and FFN. */
export const V61 = {
  batch: 65_536,
  rows: 1024,
  vocab: 1024,
  width: 192,
  hidden: 384,
  seqLen: 256,
  parameters: 1_082_496,
} as const;

/** One float32 kernel against another (numerics: "What must agree, and how closely"). */
export const near = { near: 1e-5 } as const;

export const precision: ChoiceArg = { ...choice('precision', PRECISIONS), precision: true };
export const floatPrecision: ChoiceArg = { ...choice('precision', FLOAT_PRECISIONS), precision: true };
