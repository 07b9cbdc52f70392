import { FLOAT_PRECISIONS, PRECISIONS } from '../compute.ts';
import type { Kernels, OpName } from '../kernels.ts';
import { ACTIVATION_FNS, ACTIVATION_RULES, WEIGHT_RULES } from '../kernels.ts';
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

export interface TensorArg {
  readonly kind: 'tensor';
  readonly name: string;
  readonly role: Role;
  /** `real` is the backend's float type. */
  readonly dtype: Exclude<DType, 'f32' | 'f64'> | 'real';
  readonly rows: Dim;
  readonly cols: Dim;
  /** May be null. */
  readonly optional?: true;
  /** Arguments that may be the very same memory; any other overlap with a written tensor is an error. */
  readonly mayAlias?: readonly string[];
  /** Every element is an index below this symbol. */
  readonly below?: string;
  /** Row offsets into the buffers of this many entries: non-decreasing, from >= 0 up to at most the symbol. */
  readonly offsetsInto?: string;
  /** Tests draw values of about this size, where a function leaves float32's range soon. */
  readonly reach?: number;
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
  /** A whole number of at least 1. */
  readonly whole?: true;
}
export interface ChoiceArg {
  readonly kind: 'choice';
  readonly name: string;
  readonly values: readonly string[];
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
  readonly returns?: 'number';
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
const scalar = (name: string, symbol?: string): ScalarArg => ({
  kind: 'scalar',
  name,
  ...(symbol && { symbol }),
});
const choice = (name: string, values: readonly string[]): ChoiceArg => ({ kind: 'choice', name, values });
const ids = (name: string, rows: Dim, below: string): TensorArg =>
  input(name, rows, 1, { dtype: 'i32', below });
const optional = { optional: true } as const;

const group = <G>(name: string, fields: { readonly [F in keyof G]: TensorArg }): GroupArg => ({
  kind: 'group',
  name,
  fields: fields as Readonly<Record<string, TensorArg>>,
});
const quantized = (name: string, rows: Dim, cols: Dim) =>
  group<Quantized>(name, {
    codes: input('codes', rows, cols, { dtype: 'i8' }),
    scale: input('scale', rows, 1),
  });
const ternary = (name: string, rows: Dim, cols: Dim) =>
  group<TernaryWeight>(name, {
    codes: input('codes', rows, cols, { dtype: 'i8' }),
    scale: input('scale', 1, 1),
    packed: input('packed', 1, 0, { dtype: 'u8', packs: 'codes' }),
  });
const targets = group<SparseTargets>('targets', {
  offsets: input('offsets', 'M+1', 1, { dtype: 'i32', offsetsInto: 'Z' }),
  ids: input('ids', 'Z', 1, { dtype: 'i32', below: 'V' }),
  weights: input('weights', 'Z', 1),
});

/** One float32 kernel against another (numerics: "What must agree, and how closely"). */
const near = { near: 1e-5 } as const;

/** Losses are added up over rows: an error matters beside their sum. */
const nearButNats = { ...near, whole: ['outNats'] } as const;

const precision = choice('precision', PRECISIONS);
const floatPrecision = choice('precision', FLOAT_PRECISIONS);
/**
 * What a float32 kernel computes and then rounds to bf16 may fall on the other side of a rounding boundary than another
 * kernel's: one unit of bf16's last place, for the few elements that lie that close to one.
 */
const roundedOnTheWay = { nearIn: { bf16: 2 ** -8 } } as const;

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
      scalar('vocab', 'V'),
    ],
    agree: 'exact',
    flops: () => 0,
    mayBeZero: ['N'],
  },
  rmsNorm: {
    args: [
      output('out', 'M', 'D'),
      output('outRstd', 'M', 1),
      input('x', 'M', 'D'),
      input('gain', 1, 'D', optional),
      scalar('eps'),
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
      input('rstd', 'M', 1),
    ],
    independent: 'row',
    agree: near,
    flops: ({ M, D }) => 9 * M * D,
  },
  activation: {
    args: [
      output('out', 'M', 'D'),
      output('outSlope', 'M', 'D', optional),
      input('x', 'M', 'D', { reach: 2 }),
      choice('fn', ACTIVATION_FNS),
    ],
    independent: 'row',
    agree: near,
    flops: ({ M, D }, has = () => true) => (has('outSlope') ? 19 : 16) * M * D,
  },
  add: {
    args: [output('out', 'M', 'D', { mayAlias: ['a'] }), input('a', 'M', 'D'), input('b', 'M', 'D')],
    independent: 'row',
    agree: 'exact',
    flops: ({ M, D }) => M * D,
  },
  multiply: {
    args: [output('out', 'M', 'D', { mayAlias: ['a'] }), input('a', 'M', 'D'), input('b', 'M', 'D')],
    independent: 'row',
    agree: 'exact',
    flops: ({ M, D }) => M * D,
  },
  tokenShift: {
    args: [
      output('out', 'M', 'D'),
      update('carry', 'S', 'D'),
      input('x', 'M', 'D'),
      input('mix', 1, 'D'),
      scalar('seqLen', 'T'),
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
      input('mix', 1, 'D'),
      scalar('seqLen', 'T'),
    ],
    agree: near,
    flops: ({ M, D }) => 7 * M * D,
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
      input('codes', 'N', 'K', { dtype: 'i8' }),
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
    agree: near,
    flops: ({ M, N, K }) => 2 * M * N * K,
  },
  matmulTransB: {
    args: [output('out', 'M', 'N'), input('a', 'M', 'K'), input('b', 'N', 'K'), floatPrecision],
    independent: 'row',
    schedule: 'serial',
    agree: near,
    flops: ({ M, N, K }) => 2 * M * N * K,
  },
  matmulTransA: {
    args: [accumulate('acc', 'K', 'N'), input('a', 'M', 'K'), input('b', 'M', 'N'), floatPrecision],
    independent: 'row',
    schedule: 'serial',
    agree: near,
    flops: ({ M, N, K }) => 2 * M * N * K,
  },
  softmaxCrossEntropy: {
    args: [
      output('outNats', 'M', 1),
      output('outDz', 'M', 'V', optional),
      input('z', 'M', 'V'),
      targets,
      scalar('scale'),
    ],
    independent: 'row',
    agree: nearButNats,
    flops: ({ M, V }) => 20 * M * V,
  },
  headLoss: {
    args: [
      output('outNats', 'M', 1),
      output('outDh', 'M', 'D', { ...optional, ...roundedOnTheWay }),
      accumulate('accTable', 'V', 'D', { ...optional, ...roundedOnTheWay }),
      input('h', 'M', 'D'),
      input('table', 'V', 'D'),
      targets,
      scalar('scale'),
      floatPrecision,
    ],
    independent: 'row',
    agree: nearButNats,
    // Logits, and a product for each of the two gradients.
    flops: ({ M, V, D }, has = () => true) =>
      2 * M * V * D * (1 + Number(has('outDh')) + Number(has('accTable'))) + 20 * M * V,
  },
  sumSquares: {
    args: [input('x', 'M', 'D')],
    independent: 'row',
    agree: near,
    flops: ({ M, D }) => 2 * M * D,
    returns: 'number',
  },
  scale: {
    args: [update('x', 'M', 'D'), scalar('factor')],
    independent: 'row',
    agree: near,
    flops: ({ M, D }) => M * D,
  },
  sgdMomentum: {
    args: [
      update('p', 'M', 'D'),
      update('v', 'M', 'D'),
      input('g', 'M', 'D'),
      scalar('lr'),
      scalar('momentum'),
      scalar('decay'),
    ],
    independent: 'row',
    agree: near,
    flops: ({ M, D }) => 6 * M * D,
  },
  lion: {
    args: [
      update('p', 'M', 'D'),
      update('m', 'M', 'D'),
      input('g', 'M', 'D'),
      scalar('lr'),
      scalar('beta1'),
      scalar('beta2'),
      scalar('decay'),
    ],
    independent: 'row',
    agree: near,
    flops: ({ M, D }) => 9 * M * D,
  },
  adamW: {
    args: [
      update('p', 'M', 'D'),
      update('m', 'M', 'D'),
      update('v', 'M', 'D'),
      input('g', 'M', 'D'),
      scalar('lr'),
      scalar('beta1'),
      scalar('beta2'),
      scalar('eps'),
      scalar('decay'),
      { ...scalar('step'), whole: true },
    ],
    independent: 'row',
    agree: near,
    flops: ({ M, D }) => 14 * M * D,
  },
};

export const OP_NAMES = Object.keys(OPS) as OpName[];
