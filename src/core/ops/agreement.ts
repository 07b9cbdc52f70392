import type { OpName } from '../kernels.ts';
import type { Real, Tensor } from '../tensor.ts';
import { choicesOf, flatArgs, flatValues } from './calls.ts';
import { OPS } from './table.ts';

/** What storing an exactly computed value in float32 may change, where float64 is the measure. */
export const STORED = 2 ** -23;

/** The element at which two results of one call are further apart than the op table allows. */
export interface Mismatch {
  /** Flat name of the argument, or `returned`. */
  readonly arg: string;
  readonly label: string;
  readonly index: number;
  readonly row: number;
  readonly col: number;
  readonly actual: number;
  readonly expected: number;
  /** The largest difference that is allowed here. */
  readonly bound: number;
}

/** How far apart two results of one argument are. */
export interface Deviation {
  readonly arg: string;
  readonly elements: number;
  /** Elements beyond the bound. */
  readonly beyond: number;
  /** The bound that held for this argument. */
  readonly near: number;
  /** Greatest `|a - b| / (|b| + size)`; infinite where only one of them is a number. */
  readonly worst: number;
  /** The first element beyond the bound; null where there is none. */
  readonly mismatch: Mismatch | null;
}

/** What a call wrote: every tensor it wrote, by flat name, and the number it returned, if it does. */
export interface Outcome {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly returned: number | undefined;
  /** The values of the call's choices. */
  readonly choices: readonly string[];
  /** What the terms are large that each element is a sum of, by flat name; asked for where results differ. */
  readonly terms?: () => ReadonlyMap<string, Float64Array>;
}

/** The outcome of a call with these arguments; the tensors are the call's own. */
export function outcomeOf(op: OpName, values: readonly unknown[], returned: unknown): Outcome {
  const flat = flatValues(op, values);
  const written = flatArgs(op).flatMap((arg, i): [string, Tensor][] =>
    arg.kind === 'tensor' && arg.role !== 'in' && flat[i] !== null ? [[arg.name, flat[i] as Tensor]] : [],
  );
  return {
    tensors: new Map(written),
    returned: returned as number | undefined,
    choices: choicesOf(op, values),
  };
}

/** Roundings of an accumulator in float32 that one call may add up: one for each chunk of a thousand rows, and one. */
const ROUNDINGS = 5;

/** How close results must be: integers equal, reals within `near`; `stored` for float32 against float64. */
function nearOf(op: OpName, name: string, tensor: Tensor, measure: Real, choices: readonly string[]): number {
  if (tensor.dtype !== 'f32' && tensor.dtype !== 'f64') return 0;
  const { agree } = OPS[op];
  if (agree !== 'exact') {
    const arg = flatArgs(op).find((one) => one.name === name);
    const own = arg?.kind === 'tensor' ? arg.nearIn : undefined;
    return choices.map((choice) => own?.[choice]).find((bound) => bound !== undefined) ?? agree.near;
  }
  return tensor.dtype === measure ? 0 : STORED;
}

/**
 * Compares what two calls of one op wrote, argument by argument: equality for integers and where the table says
 * `exact`, `|a - b| <= near * (|b| + size)` for other reals. `size` is the RMS of the element's row, or of the whole output
 * where the table says so: a float32 sum is off by what its own terms are large, and others of its row are as large as
 * they are. Where that is not so, as in a row of one column whose terms cancel, the expected outcome's `terms` decide.
 * With `before`, what an argument that is added into held before the call, the bound is for the change. What backends
 * keep to themselves (packed weights) is not compared.
 */
export function deviations(
  op: OpName,
  actual: Outcome,
  expected: Outcome,
  before?: ReadonlyMap<string, Tensor>,
): Deviation[] {
  const isPrivate = new Set(
    flatArgs(op).flatMap((arg) => (arg.kind === 'tensor' && arg.packs ? [arg.name] : [])),
  );
  const { agree } = OPS[op];
  const compared = [...expected.tensors].filter(([name]) => !isPrivate.has(name));
  const found = compared.map(([name, measure]) => {
    const mine = actual.tensors.get(name)!;
    const near = nearOf(op, name, mine, measure.dtype as Real, expected.choices);
    const whole = agree !== 'exact' && (agree.whole?.includes(name) ?? false);
    const compare = (terms?: Float64Array) =>
      deviation(name, mine, measure, { near, whole, before: before?.get(name), terms });
    const found = compare();
    const terms = found.mismatch && agree !== 'exact' ? expected.terms?.().get(name) : undefined;
    return terms ? compare(terms) : found;
  });
  if (expected.returned === undefined) return found;
  const number = (value: number | undefined): Tensor => {
    return { dtype: 'f64', rows: 1, cols: 1, label: op, data: Float64Array.of(value ?? Number.NaN) };
  };
  const near = agree === 'exact' ? 0 : agree.near;
  const whole = true;
  return [
    ...found,
    deviation('returned', number(actual.returned), number(expected.returned), { near, whole }),
  ];
}

interface Bounds {
  readonly near: number;
  /** The size is that of the whole output, else of the element's row. */
  readonly whole: boolean;
  readonly before?: Tensor;
  readonly terms?: Float64Array;
}

function deviation(
  arg: string,
  actual: Tensor,
  expected: Tensor,
  { near, whole, before, terms }: Bounds,
): Deviation {
  const [a, b, old] = [actual.data, expected.data, before?.data];
  const { rows, cols } = expected;
  // Of what is added into, the change is what a kernel answers for; the sum itself is only rounded.
  const value = (i: number): number => b[i]! - (old ? old[i]! : 0);
  const ofAll = whole ? rms(value, 0, b.length) : 0;
  let [beyond, worst] = [0, 0];
  let mismatch: Mismatch | null = null;
  for (let row = 0; row < rows; row++) {
    let size = whole ? ofAll : -1;
    for (let i = row * cols; i < (row + 1) * cols; i++) {
      if (a[i] === b[i]) continue;
      if (size < 0) size = rms(value, row * cols, (row + 1) * cols);
      const scale = Math.abs(value(i)) + Math.max(size, terms?.[i] ?? 0);
      const rounding = old ? ROUNDINGS * STORED * Math.max(Math.abs(b[i]!), Math.abs(old[i]!)) : 0;
      const distance = Math.abs(a[i]! - b[i]!);
      if (Number.isFinite(b[i]!) && distance <= near * scale + rounding) {
        const relative = Math.max(0, distance - rounding) / scale;
        if (relative > worst) worst = relative;
        continue;
      }
      // The same NaN or infinity on both: equal, though their difference is not a number.
      if (Object.is(a[i], b[i])) continue;
      const relative = distance / scale;
      worst = Math.max(worst, Number.isNaN(relative) ? Number.POSITIVE_INFINITY : relative);
      beyond++;
      mismatch ??= {
        arg,
        label: actual.label,
        index: i,
        row,
        col: i - row * cols,
        actual: a[i]!,
        expected: b[i]!,
        bound: near * scale + rounding,
      };
    }
  }
  return { arg, elements: b.length, beyond, near, worst, mismatch };
}

/** Of what is finite: one infinity must not make room for every other element. */
function rms(value: (i: number) => number, begin: number, end: number): number {
  let squares = 0;
  for (let i = begin; i < end; i++) {
    const v = value(i);
    if (Number.isFinite(v)) squares += v * v;
  }
  return end > begin ? Math.sqrt(squares / (end - begin)) : 0;
}
