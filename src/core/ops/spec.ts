import type { DType, Tensor } from '../tensor.ts';
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
 * - `whole`: whole numbers from 0;
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
  | 'whole'
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
  /** Benchmarks leave it out: v6.1 calls the op without it. */
  readonly unusual?: true;
  /** Arguments that may be the very same memory; any other overlap with a written tensor is an error. */
  readonly mayAlias?: readonly string[];
  /** Every element is an index below this symbol. */
  readonly below?: string;
  /** Changed between passes only, by the runner or a layer: indices that were checked when a call was deferred are still right. */
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
   * packs an operand that all rows share, or because its sum has no parts.
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

/**
 * An op's entry in the table, and the type of its kernel: the arguments are matched to the kernel's parameters one by one,
 * so that an entry which misses an argument does not compile.
 */
export type OpEntry<Kernel extends AnyKernel> = OpSpec & {
  readonly args: ArgsFor<Parameters<Kernel>>;
  /** Only a type: nothing has this field. */
  readonly kernel?: Kernel;
} & (ReturnType<Kernel> extends number ? { readonly returns: 'number' } : { readonly returns?: never });

export type AnyKernel = (...args: never[]) => unknown;
