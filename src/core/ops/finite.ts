import type { Inspector } from '../backend.ts';
import { FlashError } from '../errors.ts';
import type { OpName } from '../kernels.ts';
import type { Tensor } from '../tensor.ts';
import { flatArgs, flatValues } from './calls.ts';
import { columnsOf, onlyColumns } from './columns.ts';
import { dimsOf } from './op-dims.ts';
import { isRead, isWritten } from './spec.ts';

/** Index of the first element that is NaN or infinite, as `inspector` finds it if there is one; -1 where there is none. */
export function findNonFinite({ data }: Tensor, inspector?: Inspector): number {
  if (inspector && data instanceof Float32Array) return inspector.findNonFinite(data);
  // v - v is 0 for every number and NaN for all else. Four sums, so that none waits for the other.
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = data.length - (data.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a += data[i]! - data[i]!;
    b += data[i + 1]! - data[i + 1]!;
    c += data[i + 2]! - data[i + 2]!;
    d += data[i + 3]! - data[i + 3]!;
  }
  for (let i = whole; i < data.length; i++) a += data[i]! - data[i]!;
  return a + b + c + d === 0 ? -1 : data.findIndex((v) => !Number.isFinite(v));
}

/** `row 3, column 0` of an element. */
export function placeOf({ cols }: Tensor, index: number): string {
  return `row ${Math.floor(index / cols)}, column ${index % cols}`;
}

/** `NaN in blocks.3.up/out (row 0, column 7)`: the first element of a tensor that is not finite, if there is one. */
export function describeNonFinite(
  t: Tensor,
  preposition: 'in' | 'into',
  inspector?: Inspector,
): string | undefined {
  const index = findNonFinite(t, inspector);
  return index < 0 ? undefined : `${t.data[index]} ${preposition} ${t.label} (${placeOf(t, index)})`;
}

/** The real tensors of a call that the op reads, or those that it writes. */
function realTensors(op: OpName, values: readonly unknown[], side: 'read' | 'written'): Tensor[] {
  const args = flatArgs(op);
  return flatValues(op, values).flatMap((value, i): Tensor[] => {
    const arg = args[i]!;
    if (arg.kind !== 'tensor' || arg.dtype !== 'real' || value === null) return [];
    if (side === 'read') return isRead(arg.role) ? [value as Tensor] : [];
    if (arg.role === 'part') return [onlyColumns(value as Tensor, columnsOf(arg, dimsOf(op, values)))];
    return isWritten(arg.role) ? [value as Tensor] : [];
  });
}

/** What a call is about to read that is not finite, as `describeNonFinite` says it. */
export function nonFiniteInput(op: OpName, values: readonly unknown[]): string | undefined {
  for (const t of realTensors(op, values, 'read')) {
    const found = describeNonFinite(t, 'in');
    if (found) return found;
  }
  return undefined;
}

/**
 * Refuses a NaN or an infinity among what a kernel wrote, naming op, tensor and element. `poisoned`: outputs were NaN
 * before the call, so that one may also be an element that was left out. @throws FlashError
 */
export function refuseNonFinite(
  op: OpName,
  values: readonly unknown[],
  { inspector, poisoned = false }: { readonly inspector?: Inspector; readonly poisoned?: boolean } = {},
): void {
  for (const t of realTensors(op, values, 'written')) {
    const found = describeNonFinite(t, 'into', inspector);
    if (found)
      throw new FlashError(`${op} wrote ${poisoned ? found.replace(/^NaN /, 'NaN or nothing ') : found}`);
  }
}
