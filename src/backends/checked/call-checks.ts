import type { Backend } from '../../core/backend.ts';
import { FlashError } from '../../core/errors.ts';
import { formatBytes } from '../../core/format-bytes.ts';
import type { OpName } from '../../core/kernels.ts';
import { flatArgs, flatValues, realOf } from '../../core/ops/calls.ts';
import { checkCall } from '../../core/ops/check.ts';
import { columnsOf } from '../../core/ops/columns.ts';
import { placeOf, refuseNonFinite } from '../../core/ops/finite.ts';
import { isWritten, type TensorArg } from '../../core/ops/spec.ts';
import type { Tensor } from '../../core/tensor.ts';
import { undecorated } from '../wrap.ts';
import { digest } from './digest.ts';
import { Edges } from './edges.ts';
import type { GuardedMemory } from './guarded-memory.ts';
import { PartialOutput } from './partial-output.ts';
import { findPoison, poison } from './poison.ts';

/** A tensor that a call was given, with its entry in the op table. */
interface Operand {
  readonly arg: TensorArg;
  readonly tensor: Tensor;
  /** The same memory as another argument, where the op table allows that: both input and output. */
  readonly inPlace: boolean;
}

/** The checks around every kernel call. */
export class CallChecks {
  constructor(
    private readonly backend: Pick<Backend, 'real' | 'anyReal' | 'inspector' | 'kernels'>,
    private readonly memory: GuardedMemory,
    /** Called with each input and its checksum before a call. Throws when the input has changed since it was recorded. */
    private readonly verifyInput: (tensor: Tensor, sum: number) => void,
  ) {}

  /** Makes the call, and checks before and after it. @throws FlashError for the first fault. */
  run(
    op: OpName,
    values: readonly unknown[],
    call: () => unknown,
  ): { readonly result: unknown; readonly written: readonly Tensor[] } {
    const real = (this.backend.anyReal && realOf(op, values)) || this.backend.real;
    const dims = checkCall(op, values, real);
    const operands = operandsOf(op, values);
    const written = operands.filter(({ arg }) => isWritten(arg.role)).map(({ tensor }) => tensor);
    const inputs = operands.filter(({ arg, inPlace }) => arg.role === 'in' && !inPlace);
    const before = inputs.map(({ tensor }) => this.digest(tensor));
    inputs.forEach(({ tensor }, i) => {
      this.verifyInput(tensor, before[i]!);
    });
    for (const { arg, tensor, inPlace } of operands) if (arg.role === 'out' && !inPlace) poison(tensor);
    const partial = operands.flatMap(({ arg, tensor }) =>
      arg.role === 'part' ? [new PartialOutput(tensor, columnsOf(arg, dims))] : [],
    );
    const edges = new Edges(written);
    const result = call();
    // Without the decorators inside, which would count this call too.
    const repeat = (): unknown => undecorated(this.backend.kernels[op])(...values);
    for (const each of operands) refuseUnwrittenBytes(op, each, repeat);
    this.refuseBreach(op, edges);
    for (const output of partial) output.verifyOtherColumns(op);
    inputs.forEach(({ arg, tensor }, i) => {
      if (this.digest(tensor) === before[i]) return;
      throw new FlashError(`${op} changed its input '${arg.name}' (${tensor.label})`);
    });
    refuseNonFinite(op, values, { inspector: this.backend.inspector, poisoned: true });
    for (const each of operands) refuseUnwrittenIntegers(op, each);
    if (typeof result === 'number' && !Number.isFinite(result))
      throw new FlashError(`${op} returned ${result}`);
    return { result, written };
  }

  private digest(tensor: Tensor): number {
    return digest(tensor, this.backend.inspector);
  }

  private refuseBreach(op: OpName, edges: Edges): void {
    const breach = edges.breach();
    // Always taken, even when unused: this resets the guards, so that the next call is not blamed.
    const wild = this.memory.takeBreach();
    if (breach) throw new FlashError(`${op} wrote outside ${breach.tensor.label}: ${breach.side}`);
    if (!wild) return;
    const size = formatBytes(wild.memory.byteLength);
    throw new FlashError(`${op} wrote outside all tensors, ${wild.side} of an allocation of ${size}`);
  }
}

/** Poison is not a valid result: int8 codes are -127 to 127, and counts and indices are never negative. */
function refuseUnwrittenIntegers(op: OpName, { arg, tensor }: Operand): void {
  if (arg.role !== 'out' || (tensor.dtype !== 'i8' && tensor.dtype !== 'i32')) return;
  const index = findPoison(tensor as Tensor<'i8' | 'i32'>);
  if (index < 0) return;
  const value = tensor.data[index];
  throw new FlashError(`${op} wrote ${value} or nothing into ${tensor.label} (${placeOf(tensor, index)})`);
}

/**
 * Any byte value is valid in a private layout, so the call is repeated on zeros: a byte that is poison after the first
 * call and 0 after the second was not written. The layout may be shorter than its memory; the bytes after its end are
 * poisoned again, so that reading them shows.
 */
function refuseUnwrittenBytes(op: OpName, { arg, tensor }: Operand, repeat: () => unknown): void {
  if (arg.role !== 'out' || tensor.dtype !== 'u8') return;
  const data = tensor.data as Uint8Array;
  const first = data.slice();
  data.fill(0);
  repeat();
  if (Buffer.compare(first, data) === 0) return;
  const wasWritten = (byte: number, i: number): boolean => byte === first[i] || byte !== 0;
  const end = data.findLastIndex(wasWritten) + 1;
  const index = data.findIndex((byte, i) => !wasWritten(byte, i));
  data.set(first.subarray(end), end);
  if (index < end)
    throw new FlashError(`${op} left bytes of ${tensor.label} unwritten, from byte ${index} on`);
}

function operandsOf(op: OpName, values: readonly unknown[]): Operand[] {
  const flat = flatValues(op, values);
  const args = flatArgs(op);
  const isSame = (a: Tensor, b: Tensor): boolean =>
    a.data.buffer === b.data.buffer && a.data.byteOffset === b.data.byteOffset;
  return args.flatMap((arg, i): Operand[] => {
    const tensor = flat[i] as Tensor | null;
    if (arg.kind !== 'tensor' || tensor === null) return [];
    const inPlace = args.some(
      (other, j) =>
        other.kind === 'tensor' &&
        flat[j] !== null &&
        (arg.mayAlias?.includes(other.name) || other.mayAlias?.includes(arg.name)) &&
        isSame(tensor, flat[j] as Tensor),
    );
    return [{ arg, tensor, inPlace }];
  });
}
