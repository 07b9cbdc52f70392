import { copyAccumulated, mirrorCall, referenceType } from '../backends/diff/call-mirror.ts';
import type { Recording } from '../backends/diff/recording.ts';
import { termSizes } from '../backends/diff/term-sizes.ts';
import type { Backend } from '../core/backend.ts';
import { type Deviation, deviations, outcomeOf } from '../core/ops/agreement.ts';
import { groupedValues, realOf } from '../core/ops/calls.ts';
import { checkCall } from '../core/ops/check.ts';

/** A recorded call, run again. */
export interface Replay {
  /** How far the two backends are apart now, argument by argument. */
  readonly deviations: readonly Deviation[];
  /** Does the first backend give the recorded values to the bit? */
  readonly sameAsRecorded: boolean;
}

/**
 * Runs a recorded call alone on two backends, each on its own copy of the recorded inputs, and compares as `diff` does.
 * A call that was in place is in place on `backend`, but not on `against`.
 * @throws FlashError when the recording's arguments do not fit the op.
 */
export function replay(recording: Recording, backend: Backend, against: Backend): Replay {
  const { op } = recording;
  const values = groupedValues(op, recording.inputs);
  // The file may come from anybody: a kernel must never see what does not fit the op.
  checkCall(op, values, realOf(op, values) ?? backend.real);
  const run = (on: Backend, real: Backend['real'], inPlace = false) => {
    const mirrored = mirrorCall(op, values, on, real, inPlace);
    const kernel = on.kernels[op] as (...values: unknown[]) => unknown;
    return outcomeOf(op, mirrored, kernel(...mirrored));
  };
  const mine = run(backend, backend.real, true);
  const terms = () => termSizes(op, recording.inputs);
  const expected = { ...run(against, referenceType(op, backend, against)), terms };
  const [recorded] = recording.outcomes;
  const sameAsRecorded =
    Object.is(mine.returned, recorded.returned) &&
    [...recorded.tensors].every(([name, { data }]) => {
      const now = mine.tensors.get(name)?.data;
      return now?.length === data.length && data.every((v: number, i: number) => Object.is(v, now[i]));
    });
  return { deviations: deviations(op, mine, expected, copyAccumulated(op, values)), sameAsRecorded };
}
