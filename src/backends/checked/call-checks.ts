import type { Backend } from '../../core/backend.ts';
import { FlashError } from '../../core/errors.ts';
import { formatBytes } from '../../core/format-bytes.ts';
import type { OpName } from '../../core/kernels.ts';
import { flatArgs, flatValues, realOf } from '../../core/ops/calls.ts';
import { checkCall } from '../../core/ops/check.ts';
import { columnsOf } from '../../core/ops/columns.ts';
import { placeOf, refuseNonFinite } from '../../core/ops/finite.ts';
import { isWritten, type TensorArg } from '../../core/ops/table.ts';
import type { Tensor } from '../../core/tensor.ts';
import { undecorated } from '../wrap.ts';
import { digest } from './digest.ts';
import { Edges } from './edges.ts';
import type { GuardedMemory } from './guarded-memory.ts';
import { Part } from './part.ts';
import { findPoison, poison } from './poison.ts';

/** A tensor of one call. */
interface Given {
  readonly arg: TensorArg;
  readonly tensor: Tensor;
  /** The very memory of another argument that may share it: input and output at once. */
  readonly inPlace: boolean;
}

/** What `checked` asks of every kernel call. */
export class CallChecks {
  constructor(
    private readonly backend: Pick<Backend, 'real' | 'anyReal' | 'inspector' | 'kernels'>,
    private readonly memory: GuardedMemory,
    /** Is given each input's checksum before a call, and throws where it is not what it should be. */
    private readonly verifyInput: (tensor: Tensor, sum: number) => void,
  ) {}

  /** Makes the call. @throws FlashError for the first thing that is wrong with it, before it or after. */
  run(
    op: OpName,
    values: readonly unknown[],
    call: () => unknown,
  ): { readonly result: unknown; readonly written: readonly Tensor[] } {
    const real = (this.backend.anyReal && realOf(op, values)) || this.backend.real;
    const dims = checkCall(op, values, real);
    const given = tensorsOf(op, values);
    const written = given.filter(({ arg }) => isWritten(arg.role)).map(({ tensor }) => tensor);
    const inputs = given.filter(({ arg, inPlace }) => arg.role === 'in' && !inPlace);
    const before = inputs.map(({ tensor }) => this.digest(tensor));
    inputs.forEach(({ tensor }, i) => {
      this.verifyInput(tensor, before[i]!);
    });
    for (const { arg, tensor, inPlace } of given) if (arg.role === 'out' && !inPlace) poison(tensor);
    const parts = given.flatMap(({ arg, tensor }) =>
      arg.role === 'part' ? [new Part(tensor, columnsOf(arg, dims))] : [],
    );
    const edges = new Edges(written);
    const result = call();
    // Past all decorators, which would count a call that nobody made.
    const again = (): unknown => undecorated(this.backend.kernels[op])(...values);
    for (const each of given) refuseUnwrittenBytes(op, each, again);
    this.refuseBreach(op, edges);
    for (const part of parts) part.refuseOthers(op);
    inputs.forEach(({ arg, tensor }, i) => {
      if (this.digest(tensor) === before[i]) return;
      throw new FlashError(`${op} changed its input '${arg.name}' (${tensor.label})`);
    });
    refuseNonFinite(op, values, { inspector: this.backend.inspector, poisoned: true });
    for (const each of given) refuseUnwrittenIntegers(op, each);
    if (typeof result === 'number' && !Number.isFinite(result))
      throw new FlashError(`${op} returned ${result}`);
    return { result, written };
  }

  private digest(tensor: Tensor): number {
    return digest(tensor, this.backend.inspector);
  }

  private refuseBreach(op: OpName, edges: Edges): void {
    const breach = edges.breach();
    // Both looked at: the guards are mended by looking, or the next call would be blamed.
    const wild = this.memory.takeBreach();
    if (breach) throw new FlashError(`${op} wrote outside ${breach.tensor.label}: ${breach.side}`);
    if (!wild) return;
    const size = formatBytes(wild.memory.byteLength);
    throw new FlashError(`${op} wrote outside all tensors, ${wild.side} of memory of ${size}`);
  }
}

/** No rule gives the code that was there before, as 127 is the largest magnitude of int8, and no count is negative. */
function refuseUnwrittenIntegers(op: OpName, { arg, tensor }: Given): void {
  if (arg.role !== 'out' || (tensor.dtype !== 'i8' && tensor.dtype !== 'i32')) return;
  const index = findPoison(tensor as Tensor<'i8' | 'i32'>);
  if (index < 0) return;
  const value = tensor.data[index];
  throw new FlashError(`${op} wrote ${value} or nothing into ${tensor.label} (${placeOf(tensor, index)})`);
}

/**
 * Any byte may belong to a private layout, so the call is made a second time, over zeros: a byte that is poison after the
 * first and 0 after the second was not written. A layout may end before its memory does, which is for the largest one; what
 * is after it stays poison for those who read it.
 */
function refuseUnwrittenBytes(op: OpName, { arg, tensor }: Given, again: () => unknown): void {
  if (arg.role !== 'out' || tensor.dtype !== 'u8') return;
  const data = tensor.data as Uint8Array;
  const first = data.slice();
  data.fill(0);
  again();
  if (Buffer.compare(first, data) === 0) return;
  const isWritten = (byte: number, i: number): boolean => byte === first[i] || byte !== 0;
  const end = data.findLastIndex(isWritten) + 1;
  const index = data.findIndex((byte, i) => !isWritten(byte, i));
  data.set(first.subarray(end), end);
  if (index < end)
    throw new FlashError(`${op} left bytes of ${tensor.label} unwritten, from byte ${index} on`);
}

function tensorsOf(op: OpName, values: readonly unknown[]): Given[] {
  const flat = flatValues(op, values);
  const args = flatArgs(op);
  const isSame = (a: Tensor, b: Tensor): boolean =>
    a.data.buffer === b.data.buffer && a.data.byteOffset === b.data.byteOffset;
  return args.flatMap((arg, i): Given[] => {
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
