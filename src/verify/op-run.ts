import { termSizes } from '../backends/diff/term-sizes.ts';
import type { Backend } from '../core/backend.ts';
import type { Precision } from '../core/compute.ts';
import type { OpName } from '../core/kernels.ts';
import { type Outcome, outcomeOf } from '../core/ops/agreement.ts';
import { codesOf, flatArgs, groupedValues, precisionIn } from '../core/ops/calls.ts';
import { type Call, type Input, inputsOf, type TensorInput } from '../core/ops/inputs.ts';
import { BYTES, type Codes, type DType, type Tensor, tensor } from '../core/tensor.ts';

/**
 * FLASHLM_GUARDS=none: every tensor has separate memory that ends where the tensor ends, so that a sanitizer sees what
 * is read past it too.
 */
const hasGuards = process.env.FLASHLM_GUARDS !== 'none';
/** Bytes around every tensor. All ones is NaN, the code -1 and the id -1: reading or writing past an end shows. */
const GUARD_BYTES = hasGuards ? 128 : 0;
const GUARD = 0xff;

/** Values as other types have them: many backends are given the same ones. */
const converted = new WeakMap<Float64Array, Map<DType, ArrayLike<number>>>();

function inType(dtype: DType, values: Float64Array): ArrayLike<number> {
  if (dtype === 'f64') return values;
  const types = converted.get(values) ?? new Map<DType, ArrayLike<number>>();
  converted.set(values, types);
  const known = types.get(dtype);
  if (known) return known;
  const copy: Tensor = tensor(dtype, 1, values.length, 'values');
  (copy.data as Float64Array).set(values);
  types.set(dtype, copy.data);
  return copy.data;
}

interface Buffer {
  readonly name: string;
  readonly tensor: Tensor;
  readonly memory: Uint8Array;
  readonly before: Uint8Array;
  readonly isInput: boolean;
}

/** One call on one backend, with guards around its memory. */
class Run {
  private readonly buffers: Buffer[] = [];
  private readonly packedFor: Precision;

  constructor(
    private readonly backend: Backend,
    private readonly op: OpName,
    private readonly inputs: readonly Input[],
    private readonly isAligned: boolean,
  ) {
    // The precision of the call, or what weights are in while float32 is wanted: evaluation between two steps.
    this.packedFor = precisionIn(op, inputs) ?? 'f32';
  }

  /** A tensor that starts on a cache line or one element past it. */
  private place(input: TensorInput, name: string, codes: Codes | null): Tensor | null {
    const { arg, rows, values } = input;
    if (!values) return null;
    const dtype: DType = arg.dtype === 'real' ? this.backend.real : arg.dtype;
    const cols = codes ? this.backend.packedTernaryBytes(codes.rows, codes.cols) : input.cols;
    const shift = this.isAligned ? 0 : BYTES[dtype];
    const bytes = 2 * GUARD_BYTES + shift + rows * cols * BYTES[dtype];
    const memory = hasGuards ? this.backend.allocate(bytes) : new Uint8Array(new ArrayBuffer(bytes));
    memory.fill(GUARD);
    const start = memory.byteOffset + GUARD_BYTES + shift;
    const placed = tensor(dtype, rows, cols, name, new Uint8Array(memory.buffer, start));
    // An output stays filled with NaN: an element the kernel leaves out is found.
    if (arg.role !== 'out') (placed.data as Float64Array).set(inType(dtype, values));
    if (codes && arg.role === 'in')
      this.backend.kernels.packTernary(placed as Tensor<'u8'>, codes, this.packedFor);
    this.buffers.push({ name, tensor: placed, memory, before: memory.slice(), isInput: arg.role === 'in' });
    return placed;
  }

  private placeAll(): unknown[] {
    const args = flatArgs(this.op);
    const place = (input: Input, i: number, codes: Codes | null): unknown =>
      typeof input === 'object' ? this.place(input, args[i]!.name, codes) : input;
    const isPacked = ({ arg }: TensorInput) => arg.packs !== undefined;
    const flat = this.inputs.map((input, i) =>
      typeof input === 'object' && isPacked(input) ? null : place(input, i, null),
    );
    // Once their codes are placed.
    this.inputs.forEach((input, i) => {
      if (typeof input === 'object' && isPacked(input))
        flat[i] = place(input, i, flat[codesOf(this.op, input.arg)] as Codes);
    });
    return groupedValues(this.op, flat);
  }

  private checkMemory(): void {
    for (const { name, tensor: placed, memory, before, isInput } of this.buffers) {
      const first = placed.data.byteOffset - memory.byteOffset;
      const last = first + placed.data.byteLength;
      const isSame = (begin: number, end: number): boolean =>
        Buffer.compare(memory.subarray(begin, end), before.subarray(begin, end)) === 0;
      if (!isSame(0, first) || !isSame(last, memory.length))
        throw new Error(`${this.backend.name} ${this.op} wrote outside ${name}`);
      if (isInput && !isSame(first, last))
        throw new Error(`${this.backend.name} ${this.op} changed its input ${name}`);
    }
  }

  /** The values of the call before it, in float64. */
  private flatInputs(): unknown[] {
    return this.inputs.map((input, i) => {
      if (typeof input !== 'object') return input;
      const { arg, rows, cols, values } = input;
      if (!values) return null;
      const t = tensor(arg.dtype === 'real' ? 'f64' : arg.dtype, rows, cols, flatArgs(this.op)[i]!.name);
      if (arg.role !== 'out') (t.data as Float64Array).set(values);
      return t;
    });
  }

  run(): Outcome {
    const values = this.placeAll();
    const kernel = this.backend.kernels[this.op] as (...values: unknown[]) => number | undefined;
    const returned = kernel(...values);
    this.checkMemory();
    return { ...outcomeOf(this.op, values, returned), terms: () => termSizes(this.op, this.flatInputs()) };
  }
}

/**
 * Runs an op on tensors that start on a cache line or, not aligned, one element past it. Throws when the kernel changed
 * an input or a byte outside its tensors.
 */
export const runOp = (backend: Backend, op: OpName, inputs: readonly Input[], isAligned = true): Outcome =>
  new Run(backend, op, inputs, isAligned).run();

/** Runs a call; every second seed puts the tensors where no vector is aligned. */
export const runCall = (backend: Backend, call: Call, inputs: readonly Input[] = inputsOf(call)): Outcome =>
  runOp(backend, call.op, inputs, call.seed % 2 === 0);
