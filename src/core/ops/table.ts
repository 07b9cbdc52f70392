import { FLOAT_PRECISIONS, PRECISIONS } from '../compute.ts';
import type { Kernels, OpName } from '../kernels.ts';
import { ACTIVATION_FNS, ACTIVATION_RULES, MAX_CONV_WIDTH, WEIGHT_RULES } from '../kernels.ts';
import type { DType, Quantized, SparseTargets, Tensor, TernaryWeight } from '../tensor.ts';
import type { Dim, Dims } from './dims.ts';

/**
 * What a kernel does to a tensor: reads it, writes all of it, adds into it, updates it in place, or writes a part of its
 * columns (`columns`) and leaves the others as they are.
 */
export type Role = 'in' | 'out' | 'acc' | 'inout' | 'part';

/** Whether a kernel reads what the tensor held before the call. */
export const isRead = (role: Role): boolean => role === 'in' || role === 'acc' || role === 'inout';
export const isWritten = (role: Role): boolean => role !== 'in';

/**
 * What an input's values look like, in tests and benchmarks:
 * - `normal`: normal, in every second test 20 times as large;
 * - `unit`: normal, of about 1: what goes through a sigmoid that should not saturate;
 * - `moderate`: normal, of about 2: what goes through a function that leaves float32's range soon;
 * - `logits`: of about 1 in all: logits, or rows whose products are logits;
 * - `positive`: no less than a quarter: weights, second moments, roots;
 * - `scale`: the same, for what multiplies a whole row or matrix;
 * - `probability`: from 0 to 1;
 * - `decay`: from a half to 1: what is left of a state after a step;
 * - `starts`: of each row of a sequence of `T`, the first row of its document;
 * - `ternary`, `int8`: codes of a weight; of activations, which a kernel may look at to choose its way.
 */
export type Values =
  | 'normal'
  | 'unit'
  | 'moderate'
  | 'logits'
  | 'positive'
  | 'scale'
  | 'probability'
  | 'decay'
  | 'starts'
  | 'ternary'
  | 'int8';

/** Whether values of a kind must not be 0 or less. */
export const arePositive = (values: Values | undefined): boolean =>
  values === 'positive' || values === 'scale' || values === 'probability' || values === 'decay';

export interface TensorArg {
  readonly kind: 'tensor';
  readonly name: string;
  readonly role: Role;
  /** `real` is the backend's float type. */
  readonly dtype: Exclude<DType, 'f32' | 'f64'> | 'real';
  readonly rows: Dim;
  readonly cols: Dim;
  /** `normal` where nothing is said. Codes must say. */
  readonly values?: Values;
  /** May be null. */
  readonly optional?: true;
  /** Arguments that may be the very same memory; any other overlap with a written tensor is an error. */
  readonly mayAlias?: readonly string[];
  /** Every element is an index below this symbol. */
  readonly below?: string;
  /** The runner's, who changes it between passes only: indices that were checked when a call was deferred are still right. */
  readonly lasting?: true;
  /** Row offsets into the buffers of this many entries: non-decreasing, from >= 0 up to at most the symbol. */
  readonly offsetsInto?: string;
  /** Bounds in place of the op's `near`, by the value of a choice. */
  readonly nearIn?: Readonly<Record<string, number>>;
  /**
   * A backend's private layout of the codes in this argument: never compared, one row of `Backend.packedTernaryBytes`
   * bytes, so that `cols` says nothing. In a group it names a field.
   */
  readonly packs?: string;
  /** Of a `part`: the first column that the call writes, and how many it writes. */
  readonly columns?: readonly [Dim, Dim];
}
/** Tensors that travel together; their flat names are `name.field`. */
export interface GroupArg {
  readonly kind: 'group';
  readonly name: string;
  readonly fields: Readonly<Record<string, TensorArg>>;
}
export interface ScalarArg {
  readonly kind: 'scalar';
  readonly name: string;
  /** The symbol whose value this is: a whole number of at least 1, or of 0 where `mayBeZero` has the symbol. */
  readonly symbol?: string;
  /** A whole number of at least this. */
  readonly whole?: number;
  /** What tests choose from; by default anything from 0.05 to 0.95. */
  readonly values?: readonly number[];
  /**
   * With what a benchmark repeats a call any number of times: nothing grows without bound, nothing fades away. By default
   * the first of `values`, or a half.
   */
  readonly steady?: number;
}
export interface ChoiceArg {
  readonly kind: 'choice';
  readonly name: string;
  readonly values: readonly string[];
  /** The choice is what products are rounded to: its values are `Precision`s. */
  readonly precision?: true;
}
export type ArgSpec = TensorArg | GroupArg | ScalarArg | ChoiceArg;

/** Whether a call has an optional argument, by its flat name. */
export type Present = (arg: string) => boolean;

export interface OpSpec {
  readonly args: readonly ArgSpec[];
  /**
   * How closely two backends must agree: `exact` bit for bit, or every element within
   * `|a - b| <= near * (|b| + size)`; see `deviations`. `size` is the RMS of the element's row: rows of one batch (a token
   * that occurs once, one that occurs thousands of times) can differ by orders of magnitude. Of the outputs in `whole`
   * it is that of all elements.
   */
  readonly agree: 'exact' | { readonly near: number; readonly whole?: readonly string[] };
  /** Arithmetic of one call; one multiply-accumulate is 2. `integer` work is measured against the int8 limit. */
  readonly flops: (d: Dims, has?: Present) => number;
  readonly integer?: true;
  /**
   * `row`: row i of every output depends only on row i of the inputs and on inputs without an `M` dimension. Accumulated
   * outputs, and a returned number, are sums over rows.
   * `sequence`: the same for whole sequences. Every dimension that contains `M` is cut by rows, every one that contains
   * `S` by sequences.
   */
  readonly independent?: 'row' | 'sequence';
  /**
   * How a deferred region runs an op where not tile by tile. `packed`: a sum over rows whose native kernel packs some rows
   * at a time and multiplies once (`RowSum` in `native/src/context.h`). `serial`: on all rows at once, because every call
   * packs an operand that all rows share.
   */
  readonly schedule?: 'packed' | 'serial';
  /** What holds between symbols: `M = S*T` in ops on whole sequences. The symbol on the left follows from the others. */
  readonly equations?: readonly string[];
  /**
   * Symbols that may be 0 although outputs have values: no pairs to count, no columns beside a part. In other ops and for
   * other symbols an input without values is an error where outputs have some.
   */
  readonly mayBeZero?: readonly string[];
  /** The smallest and the largest value that a symbol may have, where kernels are not made for any. */
  readonly limits?: Readonly<Record<string, readonly [min: number, max: number]>>;
  readonly returns?: 'number';
  /** Sizes of symbols that tests and benchmarks do not take from their own lists. */
  readonly sizes?: Readonly<Record<string, SymbolSizes>>;
  /** Test inputs in place of those drawn, by flat name, where inputs must fit each other; null for an absent tensor. */
  readonly inputs?: (
    drawn: Readonly<Record<string, Float64Array | null>>,
    d: Dims,
  ) => Record<string, Float64Array>;
  /**
   * The largest step of finite differences that shows the op's slope, where that is less than for a smooth function of
   * values of about 1: it has kinks, or bends sharply.
   */
  readonly gradientStep?: number;
}

export interface SymbolSizes {
  /** The only sizes that tests try. */
  readonly tested?: readonly number[];
  /** The least size for which there is something to compare. */
  readonly min?: number;
  /** The size in v6.1, or in a model of about its width. */
  readonly bench?: number;
}

type ArgFor<P> = [P] extends [string]
  ? ChoiceArg
  : [P] extends [number]
    ? ScalarArg
    : [Exclude<P, null>] extends [Tensor]
      ? TensorArg
      : GroupArg;
type ArgsFor<P extends readonly unknown[]> = { readonly [I in keyof P]: ArgFor<P[I]> };

/** One entry per kernel, its arguments matched to the kernel's parameters one by one: a kernel without its entry, or
 * an entry that misses an argument, does not compile. */
export type OpTable = {
  readonly [K in OpName]: OpSpec & { readonly args: ArgsFor<Parameters<Kernels[K]>> };
};

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
const input = real('in');
const output = real('out');
const accumulate = real('acc');
const update = real('inout');
/** The columns [first, first + count) of a tensor. */
export const part = (name: string, rows: Dim, cols: Dim, columns: readonly [Dim, Dim]): TensorArg =>
  real('part')(name, rows, cols, { columns });
const scalar = (name: string, extra: Partial<ScalarArg> = {}): ScalarArg => ({
  kind: 'scalar',
  name,
  ...extra,
});
/** A scalar that is a dimension. */
const size = (name: string, symbol: string): ScalarArg => scalar(name, { symbol });
const bench = (sizes: Dims): Record<string, SymbolSizes> =>
  Object.fromEntries(Object.entries(sizes).map(([symbol, value]) => [symbol, { bench: value }]));
const choice = (name: string, values: readonly string[]): ChoiceArg => ({ kind: 'choice', name, values });
const ids = (name: string, rows: Dim, below: string): TensorArg =>
  input(name, rows, 1, { dtype: 'i32', below });
const optional = { optional: true } as const;
/** For each row of sequences the first row of its document (`StepContext.starts`); absent where no document begins inside one. */
export const documentStarts: TensorArg = {
  ...ids('starts', 'M', 'T'),
  ...optional,
  values: 'starts',
  lasting: true,
};

const group = <G>(name: string, fields: { readonly [F in keyof G]: TensorArg }): GroupArg => ({
  kind: 'group',
  name,
  fields: fields as Readonly<Record<string, TensorArg>>,
});
const quantized = (name: string, rows: Dim, cols: Dim) =>
  group<Quantized>(name, {
    codes: input('codes', rows, cols, { dtype: 'i8', values: 'int8' }),
    scale: input('scale', rows, 1, { values: 'scale' }),
  });
const ternary = (name: string, rows: Dim, cols: Dim) =>
  group<TernaryWeight>(name, {
    codes: input('codes', rows, cols, { dtype: 'i8', values: 'ternary' }),
    scale: input('scale', 1, 1, { values: 'scale' }),
    packed: input('packed', 1, 0, { dtype: 'u8', packs: 'codes' }),
  });
const targets = group<SparseTargets>('targets', {
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
const ofAllParameters = bench({ M: 1, D: V61.parameters });

/** With a single class the gradient is 0, and only rounding is left to compare. */
const severalClasses = { V: { min: 2 } } as const;

const rstdOf = (x: Float64Array, row: number, cols: number): number => {
  let squares = 0;
  for (let d = 0; d < cols; d++) squares += x[row * cols + d]! ** 2;
  return 1 / Math.sqrt(squares / cols + 1e-6);
};

/** x with numbers from 0 to 1 in the first half of its columns: what is left of a state after a row. */
const sharesFirst = (x: Float64Array, D: number): Float64Array =>
  x.map((value, i) => (i % (2 * D) < D ? 1 / (1 + value * value) : value));

/** One float32 kernel against another (numerics: "What must agree, and how closely"). */
const near = { near: 1e-5 } as const;

/** The rows before the present one that a convolution reads. */
const CONV_WIDTHS = {
  limits: { P: [1, MAX_CONV_WIDTH - 1] },
  sizes: { P: { tested: Array.from({ length: MAX_CONV_WIDTH - 1 }, (_, i) => 1 + i), bench: 3 } },
} as const;

/** Losses are added up over rows: an error matters beside their sum. */
const nearButNats = { ...near, whole: ['outNats'] } as const;

const precision: ChoiceArg = { ...choice('precision', PRECISIONS), precision: true };
const floatPrecision: ChoiceArg = { ...choice('precision', FLOAT_PRECISIONS), precision: true };
/** As runs have them: decay rates whose distance from 1 float32 would round. */
const beta1 = scalar('beta1', { values: [0.9, 0.99, 0.5] });
const beta2 = scalar('beta2', { values: [0.999, 0.95, 0.9999] });
const eps = scalar('eps', { values: [1e-6] });
/**
 * What a float32 kernel computes and then rounds to bf16 may fall on the other side of a rounding boundary than another
 * kernel's: one unit of bf16's last place, for the few elements that lie that close to one.
 */
const roundedOnTheWay = { nearIn: { bf16: 2 ** -8 } } as const;

/** The second of three parts of a row, as of [q|k|v]. */
const middleColumns = bench({ A: V61.width, R: V61.width });

export const OPS: OpTable = {
  gatherRows: {
    args: [output('out', 'M', 'D'), input('table', 'V', 'D'), ids('ids', 'M', 'V')],
    independent: 'row',
    agree: 'exact',
    flops: () => 0,
  },
  scatterAddRows: {
    args: [accumulate('accTable', 'V', 'D'), input('dy', 'M', 'D'), ids('ids', 'M', 'V')],
    independent: 'row',
    agree: near,
    flops: ({ M, D }) => M * D,
  },
  countPairs: {
    args: [
      output('outOffsets', 'V+1', 1, { dtype: 'i32' }),
      output('outTargets', 'N', 1, { dtype: 'i32' }),
      output('outCounts', 'N', 1, { dtype: 'i32' }),
      ids('ids', 'N', 'V'),
      ids('targets', 'N', 'V'),
      size('vocab', 'V'),
    ],
    agree: 'exact',
    flops: () => 0,
    mayBeZero: ['N'],
    sizes: bench({ N: V61.batch }),
  },
  rmsNorm: {
    args: [
      output('out', 'M', 'D'),
      output('outRstd', 'M', 1),
      input('x', 'M', 'D'),
      input('gain', 1, 'D', optional),
      eps,
    ],
    independent: 'row',
    agree: near,
    flops: ({ M, D }) => 4 * M * D,
  },
  rmsNormGrad: {
    args: [
      output('outDx', 'M', 'D'),
      accumulate('accGain', 1, 'D', optional),
      input('dy', 'M', 'D'),
      input('x', 'M', 'D'),
      input('gain', 1, 'D', optional),
      input('rstd', 'M', 1, { values: 'positive' }),
    ],
    inputs: ({ x }, { M, D }) => ({ rstd: Float64Array.from({ length: M! }, (_, i) => rstdOf(x!, i, D!)) }),
    independent: 'row',
    agree: near,
    flops: ({ M, D }) => 9 * M * D,
  },
  activation: {
    args: [
      output('out', 'M', 'D'),
      output('outSlope', 'M', 'D', optional),
      input('x', 'M', 'D', { values: 'moderate' }),
      choice('fn', ACTIVATION_FNS),
    ],
    independent: 'row',
    sizes: bench({ D: V61.hidden }),
    agree: near,
    flops: ({ M, D }, has = () => true) => (has('outSlope') ? 19 : 16) * M * D,
  },
  add: {
    args: [output('out', 'M', 'D', { mayAlias: ['a'] }), input('a', 'M', 'D'), input('b', 'M', 'D')],
    independent: 'row',
    agree: 'exact',
    flops: ({ M, D }) => M * D,
  },
  addBias: {
    args: [output('out', 'M', 'D', { mayAlias: ['x'] }), input('x', 'M', 'D'), input('bias', 1, 'D')],
    independent: 'row',
    sizes: bench({ D: V61.hidden }),
    agree: 'exact',
    flops: ({ M, D }) => M * D,
  },
  addBiasGrad: {
    args: [accumulate('accBias', 1, 'D'), input('dy', 'M', 'D')],
    independent: 'row',
    sizes: bench({ D: V61.hidden }),
    agree: near,
    flops: ({ M, D }) => M * D,
  },
  multiply: {
    args: [output('out', 'M', 'D', { mayAlias: ['a'] }), input('a', 'M', 'D'), input('b', 'M', 'D')],
    independent: 'row',
    sizes: bench({ D: V61.hidden }),
    agree: 'exact',
    flops: ({ M, D }) => M * D,
  },
  gate: {
    args: [
      output('out', 'M', 'D'),
      output('outFactors', 'M', '2*D', optional),
      input('x', 'M', '2*D', { values: 'moderate' }),
      choice('fn', ACTIVATION_FNS),
    ],
    independent: 'row',
    sizes: bench({ D: V61.hidden }),
    agree: near,
    flops: ({ M, D }, has = () => true) => (has('outFactors') ? 21 : 17) * M * D,
  },
  gateGrad: {
    args: [output('outDx', 'M', '2*D'), input('dy', 'M', 'D'), input('factors', 'M', '2*D')],
    independent: 'row',
    sizes: bench({ D: V61.hidden }),
    agree: 'exact',
    flops: ({ M, D }) => 2 * M * D,
  },
  sliceColumns: {
    args: [output('out', 'M', 'D'), input('x', 'M', 'A+D+R'), size('at', 'A')],
    independent: 'row',
    mayBeZero: ['A', 'R'],
    sizes: middleColumns,
    agree: 'exact',
    flops: () => 0,
  },
  pasteColumns: {
    args: [part('y', 'M', 'A+D+R', ['A', 'D']), input('x', 'M', 'D'), size('at', 'A')],
    independent: 'row',
    mayBeZero: ['A', 'R'],
    sizes: middleColumns,
    agree: 'exact',
    flops: () => 0,
  },
  scaleAdd: {
    args: [
      output('out', 'M', 'D', { mayAlias: ['a'] }),
      input('a', 'M', 'D', optional),
      input('b', 'M', 'D'),
      input('weight', 1, 1),
    ],
    independent: 'row',
    agree: near,
    flops: ({ M, D }, has = () => true) => (has('a') ? 2 : 1) * M * D,
  },
  scaleAddGrad: {
    args: [accumulate('accWeight', 1, 1), input('dy', 'M', 'D'), input('b', 'M', 'D')],
    independent: 'row',
    agree: near,
    flops: ({ M, D }) => 2 * M * D,
  },
  // Not row by row: a row's numbers depend on its place.
  dropout: {
    args: [
      output('out', 'M', 'D'),
      input('x', 'M', 'D'),
      scalar('rate'),
      scalar('seed', { whole: 0, values: [0, 1, 2 ** 40 + 5] }),
      scalar('step', { whole: 0, values: [0, 1, 1000] }),
      scalar('stream', { whole: 0, values: [0, 7, 2 ** 32 - 1] }),
      scalar('firstRow', { whole: 0, values: [0, 1, 100, 2 ** 33 + 1] }),
    ],
    agree: 'exact',
    // Ten rounds of two products and four exclusive ors, for four elements.
    flops: ({ M, D }) => 20 * M * D,
  },
  tokenShift: {
    args: [
      output('out', 'M', 'D'),
      update('state', 'S', 'D'),
      input('x', 'M', 'D'),
      input('mix', 1, 'D', { values: 'unit' }),
      size('seqLen', 'T'),
    ],
    agree: near,
    flops: ({ M, D }) => 3 * M * D,
    independent: 'sequence',
    equations: ['M = S*T'],
  },
  tokenShiftGrad: {
    args: [
      output('outDx', 'M', 'D'),
      accumulate('accMix', 1, 'D'),
      input('dy', 'M', 'D'),
      input('x', 'M', 'D'),
      input('mix', 1, 'D', { values: 'unit' }),
      size('seqLen', 'T'),
    ],
    agree: near,
    flops: ({ M, D }) => 7 * M * D,
    independent: 'sequence',
    equations: ['M = S*T'],
  },
  causalConv: {
    args: [
      output('out', 'M', 'D'),
      update('state', 'S*P', 'D'),
      input('x', 'M', 'D'),
      input('w', 'P+1', 'D'),
      input('bias', 1, 'D', optional),
      size('seqLen', 'T'),
    ],
    agree: near,
    flops: ({ M, P, D }) => 2 * M! * (P! + 1) * D!,
    independent: 'sequence',
    equations: ['M = S*T'],
    ...CONV_WIDTHS,
  },
  causalConvGrad: {
    args: [
      output('outDx', 'M', 'D'),
      accumulate('accW', 'P+1', 'D'),
      accumulate('accBias', 1, 'D', optional),
      input('dy', 'M', 'D'),
      input('x', 'M', 'D'),
      input('w', 'P+1', 'D'),
      size('seqLen', 'T'),
    ],
    agree: near,
    flops: ({ M, P, D }) => 4 * M! * (P! + 1) * D!,
    independent: 'sequence',
    equations: ['M = S*T'],
    ...CONV_WIDTHS,
  },
  delay: {
    args: [output('out', 'M', 'D'), update('state', 'S*P', 'D'), input('x', 'M', 'D'), size('seqLen', 'T')],
    agree: 'exact',
    flops: () => 0,
    independent: 'sequence',
    equations: ['M = S*T'],
    sizes: { P: { tested: [1, 3, 8], bench: 3 } },
  },
  delayGrad: {
    args: [output('outDx', 'M', 'D'), input('dy', 'M', 'D'), size('by', 'P'), size('seqLen', 'T')],
    agree: 'exact',
    flops: () => 0,
    independent: 'sequence',
    equations: ['M = S*T'],
    sizes: { P: { tested: [1, 3, 8], bench: 3 } },
  },
  scan: {
    args: [
      output('out', 'M', 'D'),
      update('state', 'S', 'D'),
      input('x', 'M', '2*D', { values: 'unit' }),
      documentStarts,
      size('seqLen', 'T'),
    ],
    agree: { ...near, whole: ['out', 'state'] },
    flops: ({ M, D }) => 2 * M * D,
    independent: 'sequence',
    equations: ['M = S*T'],
    inputs: ({ x }, { D }) => ({ x: sharesFirst(x!, D!) }),
  },
  scanGrad: {
    args: [
      output('outDx', 'M', '2*D'),
      input('dy', 'M', 'D', { values: 'unit' }),
      input('x', 'M', '2*D', { values: 'unit' }),
      input('y', 'M', 'D', { values: 'unit' }),
      documentStarts,
      size('seqLen', 'T'),
    ],
    agree: { ...near, whole: ['outDx'] },
    flops: ({ M, D }) => 3 * M * D,
    independent: 'sequence',
    equations: ['M = S*T'],
    inputs: ({ x }, { D }) => ({ x: sharesFirst(x!, D!) }),
  },
  runningMean: {
    args: [
      output('out', 'M', 'D'),
      update('state', 'S', 'D+1'),
      input('x', 'M', 'D', { values: 'unit' }),
      documentStarts,
      size('seqLen', 'T'),
    ],
    agree: { ...near, whole: ['out', 'state'] },
    flops: ({ M, D }) => 2 * M * D,
    independent: 'sequence',
    equations: ['M = S*T'],
    inputs: ({ state }, { D }) => ({
      // Whole numbers of rows.
      state: state!.map((value, i) => (i % (D! + 1) === D! ? Math.abs(Math.round(value)) : value)),
    }),
  },
  runningMeanGrad: {
    args: [
      output('outDx', 'M', 'D'),
      input('dy', 'M', 'D', { values: 'unit' }),
      documentStarts,
      size('seqLen', 'T'),
    ],
    agree: { ...near, whole: ['outDx'] },
    flops: ({ M, D }) => 2 * M * D,
    independent: 'sequence',
    equations: ['M = S*T'],
  },
  quantizeWeight: {
    args: [
      output('outCodes', 'N', 'K', { dtype: 'i8' }),
      output('outScale', 1, 1),
      input('w', 'N', 'K'),
      choice('rule', WEIGHT_RULES),
    ],
    agree: 'exact',
    flops: ({ N, K }) => 3 * N * K,
  },
  quantizeRows: {
    args: [
      output('outCodes', 'M', 'K', { dtype: 'i8' }),
      output('outScale', 'M', 1),
      input('x', 'M', 'K'),
      choice('rule', ACTIVATION_RULES),
    ],
    independent: 'row',
    agree: 'exact',
    flops: ({ M, K }) => 3 * M * K,
  },
  packTernary: {
    args: [
      output('outPacked', 1, 0, { dtype: 'u8', packs: 'codes' }),
      input('codes', 'N', 'K', { dtype: 'i8', values: 'ternary' }),
      precision,
    ],
    agree: 'exact',
    flops: () => 0,
  },
  ternaryMatmul: {
    args: [output('out', 'M', 'N'), quantized('x', 'M', 'K'), ternary('w', 'N', 'K')],
    independent: 'row',
    agree: near,
    flops: ({ M, N, K }) => 2 * M * N * K,
    integer: true,
  },
  ternaryMatmulFloat: {
    args: [output('out', 'M', 'N'), input('x', 'M', 'K'), ternary('w', 'N', 'K'), floatPrecision],
    independent: 'row',
    schedule: 'serial',
    agree: near,
    flops: ({ M, N, K }) => 2 * M * N * K,
  },
  ternaryMatmulGradX: {
    args: [output('outDx', 'M', 'K'), input('dy', 'M', 'N'), ternary('w', 'N', 'K'), precision],
    independent: 'row',
    agree: near,
    flops: ({ M, N, K }) => 2 * M * N * K,
  },
  ternaryMatmulGradW: {
    args: [accumulate('accW', 'N', 'K'), input('dy', 'M', 'N'), quantized('x', 'M', 'K'), precision],
    independent: 'row',
    schedule: 'packed',
    agree: near,
    flops: ({ M, N, K }) => 2 * M * N * K,
  },
  matmul: {
    args: [output('out', 'M', 'N'), input('a', 'M', 'K'), input('b', 'K', 'N'), floatPrecision],
    independent: 'row',
    schedule: 'serial',
    // In the head: the gradient of its rows.
    sizes: bench({ M: V61.rows, K: V61.vocab, N: V61.width }),
    agree: near,
    flops: ({ M, N, K }) => 2 * M * N * K,
  },
  matmulTransB: {
    args: [output('out', 'M', 'N'), input('a', 'M', 'K'), input('b', 'N', 'K'), floatPrecision],
    independent: 'row',
    schedule: 'serial',
    // Its logits.
    sizes: bench({ M: V61.rows, K: V61.width, N: V61.vocab }),
    agree: near,
    flops: ({ M, N, K }) => 2 * M * N * K,
  },
  matmulTransA: {
    args: [accumulate('acc', 'K', 'N'), input('a', 'M', 'K'), input('b', 'M', 'N'), floatPrecision],
    independent: 'row',
    schedule: 'serial',
    // The gradient of its table.
    sizes: bench({ K: V61.vocab, M: V61.rows, N: V61.width }),
    agree: near,
    flops: ({ M, N, K }) => 2 * M * N * K,
  },
  softmaxCrossEntropy: {
    args: [
      output('outNats', 'M', 1),
      output('outDz', 'M', 'V', optional),
      input('z', 'M', 'V', { values: 'logits' }),
      targets,
      scalar('scale', { steady: 1e-3 }),
    ],
    independent: 'row',
    agree: nearButNats,
    sizes: severalClasses,
    flops: ({ M, V }) => 20 * M * V,
  },
  headLoss: {
    args: [
      output('outNats', 'M', 1),
      output('outDh', 'M', 'D', { ...optional, ...roundedOnTheWay }),
      accumulate('accTable', 'V', 'D', { ...optional, ...roundedOnTheWay, values: 'logits' }),
      input('h', 'M', 'D', { values: 'logits' }),
      input('table', 'V', 'D', { values: 'logits' }),
      targets,
      scalar('scale', { steady: 1e-3 }),
      floatPrecision,
    ],
    independent: 'row',
    agree: nearButNats,
    sizes: severalClasses,
    // Logits, and a product for each of the two gradients.
    flops: ({ M, V, D }, has = () => true) =>
      2 * M * V * D * (1 + Number(has('outDh')) + Number(has('accTable'))) + 20 * M * V,
  },
  sumSquares: {
    args: [input('x', 'M', 'D')],
    independent: 'row',
    sizes: ofAllParameters,
    agree: near,
    flops: ({ M, D }) => 2 * M * D,
    returns: 'number',
  },
  scale: {
    args: [update('x', 'M', 'D'), scalar('factor', { steady: 1 })],
    independent: 'row',
    sizes: ofAllParameters,
    agree: near,
    flops: ({ M, D }) => M * D,
  },
  sgdMomentum: {
    args: [
      update('p', 'M', 'D'),
      update('v', 'M', 'D'),
      input('g', 'M', 'D'),
      scalar('lr', { steady: 1e-4 }),
      scalar('momentum', { steady: 0.9 }),
      scalar('decay', { steady: 0 }),
    ],
    independent: 'row',
    sizes: ofAllParameters,
    agree: near,
    flops: ({ M, D }) => 6 * M * D,
  },
  lion: {
    args: [
      update('p', 'M', 'D'),
      update('m', 'M', 'D'),
      input('g', 'M', 'D'),
      scalar('lr', { steady: 1e-4 }),
      // Any: with those of runs, multiples of 1/4 would tie, and the sign of a sum of 0 is rounding.
      scalar('beta1', { steady: 0.9 }),
      scalar('beta2', { steady: 0.99 }),
      scalar('decay', { steady: 0 }),
    ],
    independent: 'row',
    sizes: ofAllParameters,
    agree: near,
    flops: ({ M, D }) => 9 * M * D,
  },
  adamW: {
    args: [
      update('p', 'M', 'D'),
      update('m', 'M', 'D'),
      update('v', 'M', 'D', { values: 'positive' }),
      input('g', 'M', 'D'),
      scalar('lr', { steady: 1e-4 }),
      beta1,
      beta2,
      eps,
      scalar('decay', { steady: 0 }),
      // Steps beyond a byte.
      scalar('step', { whole: 1, values: [1, 2, 50, 256, 257, 1000, 100_000], steady: 10 }),
    ],
    independent: 'row',
    sizes: ofAllParameters,
    agree: near,
    flops: ({ M, D }) => 14 * M * D,
  },
};

export const OP_NAMES = Object.keys(OPS) as OpName[];
