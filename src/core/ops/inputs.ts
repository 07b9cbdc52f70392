import type { OpName } from '../kernels.ts';
import { Random } from '../random.ts';
import { type FlatArg, flatArgs } from './calls.ts';
import { type Dims, sizeOf } from './dims.ts';
import type { ScalarArg, TensorArg, Values } from './spec.ts';
import { OPS } from './table.ts';

/** One call, as numbers: everything else about it follows. */
export interface Call {
  readonly op: OpName;
  readonly dims: Dims;
  readonly seed: number;
  /** Whether optional arguments are there, and which value a choice has: bit i belongs to the i-th such argument. */
  readonly variant: number;
}

/** The values of a tensor before the call, exact in float32; null when it is absent. */
export interface TensorInput {
  readonly arg: TensorArg;
  readonly rows: number;
  readonly cols: number;
  readonly values: Float64Array | null;
}
export type Input = TensorInput | number | string;

/** The values that an argument takes by variant: those of a choice, or whether an optional tensor is there. */
function variantsOf(arg: FlatArg): number {
  if (arg.kind === 'choice') return arg.values.length;
  return arg.kind === 'tensor' && arg.optional ? 2 : 1;
}

/** How many variants an op has. */
export const variants = (op: OpName): number =>
  flatArgs(op).reduce((count, arg) => count * variantsOf(arg), 1);

/**
 * The variants that the i-th of many calls tries: all combinations of choices, with each optional argument once there and
 * once absent. Which others are there with it changes from call to call, until every variant was tried.
 */
export function someVariants(op: OpName, i: number): number[] {
  const args = flatArgs(op).filter((arg) => variantsOf(arg) > 1);
  const patterns = 2 ** args.filter(({ kind }) => kind === 'tensor').length;
  const wanted = [i % patterns, patterns - 1 - (i % patterns)];
  return Array.from({ length: variants(op) }, (_, variant) => variant).filter((variant) => {
    let [rest, pattern, bit] = [variant, 0, 1];
    for (const arg of args) {
      const value = rest % variantsOf(arg);
      rest = Math.floor(rest / variantsOf(arg));
      if (arg.kind !== 'tensor') continue;
      pattern += bit * value;
      bit *= 2;
    }
    return wanted.includes(pattern);
  });
}

function scalarValue({ values }: ScalarArg, random: Random): number {
  return values ? values[random.uint32() % values.length]! : 0.05 + 0.9 * random.uniform();
}

type Fill = (random: Random, i: number) => number;

/** Working out normal numbers takes most of the time of a test's call: after so many, earlier ones come again. */
const NEW_NORMALS = 1024;

class Draws extends Random {
  private readonly normals: number[] = [];

  override normal(): number {
    if (this.normals.length === NEW_NORMALS) return this.normals[this.uint32() % NEW_NORMALS]!;
    const value = super.normal();
    this.normals.push(value);
    return value;
  }
}

/**
 * Real values come in three kinds: plain normal, multiples of 1/4 (whose sums are exact, so that ties and thresholds are
 * hit exactly), and normal with every third row zero; all times `reach`.
 */
function realValues(reach: number, cols: number, seed: number): Fill {
  if (seed % 3 === 1) return (random) => (Math.round(random.normal() * 4) / 4) * reach;
  if (seed % 3 === 2) return (random, i) => (Math.floor(i / cols) % 3 === 2 ? 0 : random.normal() * reach);
  return (random) => random.normal() * reach;
}

const positive: Fill = (random) => 0.25 + Math.abs(random.normal());

const FILLS: Readonly<Record<Exclude<Values, 'starts'>, (cols: number, seed: number) => Fill>> = {
  normal: (cols, seed) => realValues(seed % 2 ? 20 : 1, cols, seed),
  unit: (cols, seed) => realValues(1, cols, seed),
  moderate: (cols, seed) => realValues(2, cols, seed),
  // Where the softmax is saturated, its gradient is what rounding leaves.
  logits: (cols, seed) => realValues(cols ** -0.25, cols, seed),
  positive: () => positive,
  scale: () => positive,
  probability: () => (random) => random.uniform(),
  decay: () => (random) => 1 - random.uniform() ** 2 / 2,
  whole: () => (random) => random.uint32() % 300,
  ternary: (cols, seed) => codeValues(-1, 1, cols, seed),
  int8: (cols, seed) => codeValues(-128, 127, cols, seed),
};

/** An entry that no kernel may use, in a place that nothing should read. */
const UNUSED_INDEX = -7;

/** Every so many of a row's codes, one lies just outside the ternary ones. */
const RARE = 40;

/**
 * Codes from `least` to `most`, a kernel may look at them to choose its way. By the seed: rows of the whole range and
 * ternary ones in turn, or ternary codes but for a rare one; rows of one extreme, the largest sums that must not
 * overflow; ternary codes alone, in rows of any, of 1 and of -1.
 */
function codeValues(least: number, most: number, cols: number, seed: number): Fill {
  const draw = (random: Random, from: number, to: number) => from + (random.uint32() % (to - from + 1));
  const row = (i: number) => Math.floor(i / cols);
  if (seed % 3 === 1) return (_, i) => (row(i) % 2 ? most : least);
  if (seed % 3 === 2) return (random, i) => [draw(random, -1, 1), 1, -1][row(i) % 3]!;
  if (seed % 2 === 0)
    return (random, i) => ((seed / 2 + row(i)) % 2 ? draw(random, least, most) : draw(random, -1, 1));
  return (random) => {
    const code = draw(random, -1, 1);
    return random.uint32() % RARE ? code : Math.min(most, Math.max(least, 2 * code));
  };
}

/** Documents begin at some of the rows of each sequence; by the seed they are a few rows long, or longer than a tile. */
function documentStarts({ T }: Dims, seed: number): Fill {
  const rows = seed % 2 ? 40 : 4;
  let start = 0;
  return (random, i) => {
    const t = i % T!;
    if (t === 0 || random.uint32() % rows === 0) start = t;
    return start;
  };
}

function indices(
  args: readonly FlatArg[],
  inputs: readonly Input[],
  arg: TensorArg,
  { dims, seed }: Call,
): Fill {
  if (arg.values === 'starts') return documentStarts(dims, seed);
  const below = dims[arg.below!]!;
  const at = args.findIndex((other) => other.kind === 'tensor' && other.offsetsInto === arg.rows);
  if (at < 0) return (random) => random.uint32() % below;
  const offsets = (inputs[at] as TensorInput).values!;
  const [first, last] = [offsets[0]!, offsets.at(-1)!];
  return (random, i) => (i >= first && i < last ? random.uint32() % below : UNUSED_INDEX);
}

/** Sorted draws: some rows get no entry, and entries may be left over before the first and after the last. */
function offsets(random: Random, count: number, most: number): Float64Array {
  return Float64Array.from({ length: count }, () => random.uint32() % (most + 1)).sort();
}

function tensorValues(
  call: Call,
  args: readonly FlatArg[],
  inputs: readonly Input[],
  arg: TensorArg,
): Float64Array {
  const { op, dims, seed } = call;
  const [rows, cols] = [sizeOf(arg.rows, dims), arg.packs ? 0 : sizeOf(arg.cols, dims)];
  const random = new Draws(seed, `${op}/${arg.name}`);
  if (arg.offsetsInto) return offsets(random, rows, dims[arg.offsetsInto]!);
  const fill = arg.below
    ? indices(args, inputs, arg, call)
    : FILLS[(arg.values as keyof typeof FILLS | undefined) ?? 'normal'](cols, seed);
  const values = new Float64Array(rows * cols);
  for (let i = 0; i < values.length; i++) values[i] = Math.fround(fill(random, i));
  return values;
}

/** Values of tensors by call and argument: they do not depend on the variant, and to draw many takes long. */
export type Drawn = Map<string, Float64Array>;

/**
 * The arguments of a call in the order of `flatArgs`. Outputs have no values: they start as garbage. `drawn` keeps values
 * for other variants of the call.
 */
export function inputsOf(call: Call, drawn: Drawn = new Map()): Input[] {
  const args = flatArgs(call.op);
  const inputs: Input[] = [];
  let { variant } = call;
  const draw = (count: number): number => {
    const value = variant % count;
    variant = Math.floor(variant / count);
    return value;
  };
  for (const arg of args) {
    if (arg.kind === 'choice') inputs.push(arg.values[draw(arg.values.length)]!);
    else if (arg.kind === 'scalar' && arg.symbol) inputs.push(call.dims[arg.symbol]!);
    else if (arg.kind === 'scalar')
      inputs.push(scalarValue(arg, new Random(call.seed, `${call.op}/${arg.name}`)));
    else {
      const isAbsent = arg.optional && draw(2) === 1;
      const rows = sizeOf(arg.rows, call.dims);
      const cols = arg.packs ? 0 : sizeOf(arg.cols, call.dims);
      const key = JSON.stringify([call.op, call.dims, call.seed, arg.name]);
      const values = isAbsent ? null : (drawn.get(key) ?? tensorValues(call, args, inputs, arg));
      if (values) drawn.set(key, values);
      inputs.push({ arg, rows, cols, values });
    }
  }
  return fitted(call, inputs);
}

/** Inputs that must fit each other, as the op table has them. */
function fitted({ op, dims }: Call, inputs: Input[]): Input[] {
  const drawn = inputs.flatMap((input, i): [string, Float64Array | null][] =>
    typeof input === 'object' ? [[flatArgs(op)[i]!.name, input.values]] : [],
  );
  const own = OPS[op].inputs?.(Object.fromEntries(drawn), dims);
  if (!own) return inputs;
  return inputs.map((input, i) => {
    const values = own[flatArgs(op)[i]!.name];
    return typeof input === 'object' && values ? { ...input, values: values.map(Math.fround) } : input;
  });
}
