import { allocateTensor } from '../../core/allocate.ts';
import type { Backend } from '../../core/backend.ts';
import type { Precision } from '../../core/compute.ts';
import type { OpName } from '../../core/kernels.ts';
import type { Outcome } from '../../core/ops/agreement.ts';
import { codesOf, flatArgs, flatValues, groupedValues, precisionOf } from '../../core/ops/calls.ts';
import type { TensorArg } from '../../core/ops/spec.ts';
import { OPS } from '../../core/ops/table.ts';
import { type Codes, type DType, type Tensor, tensor } from '../../core/tensor.ts';
import { poison } from '../checked/poison.ts';

/** A copy of a tensor in separate memory. */
export function copyOf(t: Tensor): Tensor {
  return { ...t, data: t.data.slice() } as Tensor;
}

/**
 * The float type in which `reference` repeats a call of `tested`. For ops that must agree exactly it is the type of
 * `tested`, if `reference` supports it: a threshold or a quotient rounded to float32 gives other codes than float64.
 */
export function referenceType(op: OpName, tested: Backend, reference: Backend): Backend['real'] {
  return OPS[op].agree === 'exact' && reference.anyReal ? tested.real : reference.real;
}

const isSameMemory = (a: Tensor['data'], b: Tensor['data']): boolean =>
  a.buffer === b.buffer && a.byteOffset === b.byteOffset && a.byteLength === b.byteLength && a.length > 0;

/**
 * Copies the arguments of a call into another backend's memory, float type and private layouts. Outputs start as NaN,
 * accumulated outputs keep their values. With `inPlace`, arguments that share memory do so in the copy too, because a
 * kernel may be wrong only then; otherwise each argument has separate memory.
 */
export function mirrorCall(
  op: OpName,
  values: readonly unknown[],
  backend: Backend,
  real: Backend['real'],
  inPlace = false,
): unknown[] {
  const args = flatArgs(op);
  const flat = flatValues(op, values);
  const made: { readonly of: Tensor['data']; readonly copy: Tensor }[] = [];
  const mirror = (arg: TensorArg, t: Tensor): Tensor => {
    const dtype: DType = arg.dtype === 'real' ? real : arg.dtype;
    const shared = inPlace ? made.find(({ of }) => isSameMemory(of, t.data))?.copy : undefined;
    const copy = shared
      ? ({ ...shared, label: t.label } as Tensor)
      : (allocateTensor(backend, dtype, t.rows, t.cols, t.label) as Tensor);
    made.push({ of: t.data, copy });
    if (arg.role !== 'out') (copy.data as Float64Array).set(t.data);
    else if (!shared) poison(copy);
    return copy;
  };
  const mirrored = args.map((arg, i): unknown => {
    if (arg.kind !== 'tensor' || flat[i] === null) return flat[i];
    const t = flat[i] as Tensor;
    if (!arg.packs) return mirror(arg, t);
    return mirrorPacked(arg, t, flat[codesOf(op, arg)] as Codes, backend, precisionOf(op, values));
  });
  return groupedValues(op, mirrored);
}

function mirrorPacked(
  arg: TensorArg,
  { label }: Tensor,
  codes: Codes,
  backend: Backend,
  precision: Precision,
): Tensor {
  const packed = allocateTensor(backend, 'u8', 1, backend.packedTernaryBytes(codes.rows, codes.cols), label);
  if (arg.role === 'in') backend.kernels.packTernary(packed, codes, precision);
  return packed;
}

/** Copies of what a call is about to add into or update, by flat name. */
export function copyAccumulated(op: OpName, values: readonly unknown[]): ReadonlyMap<string, Tensor> {
  const flat = flatValues(op, values);
  return new Map(
    flatArgs(op).flatMap((arg, i) => {
      const isChanged = arg.kind === 'tensor' && (arg.role === 'acc' || arg.role === 'inout');
      return isChanged && flat[i] !== null ? [[arg.name, copyOf(flat[i] as Tensor)] as const] : [];
    }),
  );
}

/**
 * For each flat argument the one that it is the very same memory as and that is read, if there is one: the output of a call
 * that is made in place.
 */
export function sharedInputs(op: OpName, flat: readonly unknown[]): (number | undefined)[] {
  const args = flatArgs(op);
  const dataAt = (i: number) => {
    const arg = args[i]!;
    return arg.kind === 'tensor' && !arg.packs && flat[i] !== null ? (flat[i] as Tensor).data : undefined;
  };
  return args.map((arg, i) => {
    const data = arg.kind === 'tensor' && arg.role === 'out' ? dataAt(i) : undefined;
    const found = args.findIndex((other, j) => {
      const theirs = other.kind === 'tensor' && other.role !== 'out' ? dataAt(j) : undefined;
      return data && theirs && isSameMemory(data, theirs);
    });
    return found < 0 ? undefined : found;
  });
}

/**
 * The flat arguments of a call as they were before it, in type `real`: inputs from the mirrored call, which a faulty
 * kernel cannot have changed, and `before` for what was added into. Of outputs only the shape counts, and whether they are
 * the memory of an input.
 */
export function inputsOf(
  op: OpName,
  values: readonly unknown[],
  mirrored: readonly unknown[],
  before: ReadonlyMap<string, Tensor>,
  real: Backend['real'],
): unknown[] {
  const copies = flatValues(op, mirrored).map((value, i) => {
    const arg = flatArgs(op)[i]!;
    if (arg.kind !== 'tensor' || value === null) return value;
    const t = value as Tensor;
    // Each backend packs for itself.
    if (arg.packs) return tensor('u8', 1, 0, t.label);
    return before.get(arg.name) ?? (arg.dtype === 'real' ? inType(t, real) : copyOf(t));
  });
  const shared = sharedInputs(op, flatValues(op, values));
  return copies.map((copy, i) => {
    const input = shared[i];
    return input === undefined ? copy : { ...(copy as Tensor), data: (copies[input] as Tensor).data };
  });
}

function inType(t: Tensor, real: Backend['real']): Tensor {
  const converted = tensor(real, t.rows, t.cols, t.label);
  converted.data.set(t.data as Float64Array);
  return converted as Tensor;
}

/** An outcome that later calls do not change. */
export function copyOutcome({ tensors, returned, choices }: Outcome): Outcome {
  return { tensors: new Map([...tensors].map(([name, t]) => [name, copyOf(t)])), returned, choices };
}
