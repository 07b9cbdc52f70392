import type { OpName } from '../kernels.ts';
import { flatArgs } from './calls.ts';
import { OPS } from './table.ts';

/**
 * Whether a deferred region may record a call of an op and run it later. It may not where the caller waits for the number
 * that the op returns, nor where indices were checked that may change until then.
 */
export const mayBeDeferred = (op: OpName): boolean =>
  OPS[op].returns === undefined &&
  !flatArgs(op).some((arg) => arg.kind === 'tensor' && ((arg.below && !arg.lasting) || arg.offsetsInto));

/** How a deferred region runs an op: by tiles of rows or of whole sequences, in packed chunks of rows, or on all rows. */
export type Schedule = 'tiled' | 'packed' | 'serial';

export function scheduleOf(op: OpName): Schedule {
  const { independent, schedule } = OPS[op];
  return independent && mayBeDeferred(op) ? (schedule ?? 'tiled') : 'serial';
}
