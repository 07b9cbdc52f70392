import fc from 'fast-check';
import type { Engine } from '../../../src/backends/native/addon.ts';
import type { Backend } from '../../../src/core/backend.ts';
import type { OpName } from '../../../src/core/kernels.ts';
import { type Data, ValidCall } from '../valid-call.ts';
import { type Edit, editsOf } from './edits.ts';
import { type Trap, TrapError } from './junk.ts';
import { detach, isData, memoryOf, plain } from './memory.ts';

/** What a value does while the addon looks at it. */
const MISCHIEF = ['nothing', 'sends all arrays away', 'calls the addon', 'throws'] as const;

/** A valid call with something done to some of its arguments. */
export interface Attempt {
  readonly op: OpName;
  readonly edits: readonly Edit[];
  readonly mischief: (typeof MISCHIEF)[number];
  /** Values added at the end, or left out. */
  readonly surplus: number;
}

/** Where attempts are made. `backend` is of the same instruction set as `engine`. */
export interface Target {
  readonly engine: Engine;
  readonly backend: Backend;
}

/** Up to three edits, of one argument each. */
export function attempts(op: OpName, { backend }: Target): fc.Arbitrary<Attempt> {
  const edits = editsOf(op, new ValidCall(op, backend));
  const anyEdits = fc.uniqueArray(fc.constantFrom(...edits), {
    selector: ({ index }) => index,
    minLength: 1,
    maxLength: 3,
  });
  return fc.record({
    op: fc.constant(op),
    edits: anyEdits,
    mischief: fc.constantFrom(...MISCHIEF),
    surplus: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, -1, 1),
  });
}

/** One attempt with each single edit of an op. */
export const singleAttempts = (op: OpName, { backend }: Target): Attempt[] =>
  editsOf(op, new ValidCall(op, backend)).map((edit, i) => ({
    op,
    edits: [edit],
    mischief: MISCHIEF[i % MISCHIEF.length]!,
    surplus: 0,
  }));

function trapOf({ mischief, op }: Attempt, call: ValidCall, { engine, backend }: Target): Trap {
  return () => {
    if (mischief === 'throws') throw new TrapError('a trap of the caller');
    if (mischief === 'calls the addon') engine[op](...new ValidCall(op, backend).flat());
    if (mischief !== 'sends all arrays away') return;
    for (const { index } of call.tensors()) if (call.data(index).byteLength) detach(call.data(index));
  };
}

function valuesOf(attempt: Attempt, call: ValidCall, trap: Trap): unknown[] {
  const changed = call.values.map((own, i) => {
    const edit = attempt.edits.find(({ index }) => index === i);
    return edit ? edit.apply(call, trap) : own;
  });
  const flat = changed.flat();
  return attempt.surplus < 0 ? flat.slice(0, attempt.surplus) : [...flat, ...Array(attempt.surplus).fill(1)];
}

/** A refusal names the op, is an error of the caller's, and comes before anything is written. */
function expectRefusal(
  op: OpName,
  error: unknown,
  arrays: readonly Data[],
  before: readonly Uint8Array[],
): void {
  if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
  if (!error.message.startsWith(`${op}: `)) throw error;
  for (const [i, array] of arrays.entries()) {
    const now = memoryOf(array);
    if (now.length && Buffer.compare(now, before[i]!) !== 0)
      throw new Error(`refused and yet it has written: ${error.message}`);
  }
}

/** Makes the attempt. Throws unless the addon did what it must: what a plain call does, or refuse. */
export function make(attempt: Attempt, target: Target): 'accepted' | 'refused' {
  const { op, edits, surplus } = attempt;
  const call = new ValidCall(op, target.backend);
  const values = valuesOf(attempt, call, trapOf(attempt, call, target));
  const arrays = values.filter(isData);
  const before = arrays.map(memoryOf);
  const isWrong = surplus !== 0 || edits.some(({ verdict }) => verdict === 'wrong');
  const plainValues = isWrong ? [] : values.map((value) => (isData(value) ? plain(value) : value));

  let returned: unknown;
  try {
    returned = target.engine[op](...values);
  } catch (error) {
    expectRefusal(op, error, arrays, before);
    if (!isWrong && edits.every(({ verdict }) => verdict === 'same'))
      throw new Error(`refused what is right: ${(error as Error).message}`);
    return 'refused';
  }
  if (isWrong) throw new Error('took what is wrong');
  if (!Object.is(target.engine[op](...plainValues), returned))
    throw new Error('returned something else than a plain call');
  for (const { index, arg } of call.tensors()) {
    const at = call.values.slice(0, index).flat().length;
    const [written, plainly] = [values[at], plainValues[at]];
    if (arg.role === 'in' || !isData(written)) continue;
    if (Buffer.compare(memoryOf(plain(written)), memoryOf(plainly as Data)) !== 0)
      throw new Error(`wrote something else into ${arg.name} than a plain call`);
  }
  return 'accepted';
}
