import type { OpName } from '../../core/kernels.ts';
import { flatArgs, flatValues, groupedValues, precisionArg } from '../../core/ops/calls.ts';
import { Random } from '../../core/random.ts';
import type { Tensor } from '../../core/tensor.ts';
import { createReferenceBackend } from '../reference/index.ts';
import { mirrorCall } from './call-mirror.ts';

/** Relative change of an input: far above float64's rounding, far below where results bend. */
const CHANGE = 2 ** -20;
/** Random changes per output. The largest effect counts: in a single one, the changes of two terms may cancel. */
const TRIES = 4;

/**
 * How large the terms are that add up to each element of a call's real outputs, by the output's flat name. `inputs` are the
 * call's flat values before the call. Measured in float64: every input number is multiplied by 1 + a small random number, and
 * an output moves by that small number times the root of the sum of its squared terms, even where the terms cancel.
 * The former value of an accumulated or updated output does not count as a term: rounding of the sum has its own bounds.
 */
export function termSizes(op: OpName, inputs: readonly unknown[]): ReadonlyMap<string, Float64Array> {
  const args = flatArgs(op);
  const exact = inputs.map((value, i) => (i === precisionArg(op) ? 'f32' : value));
  const sizes = new Map<string, Float64Array>();
  const written = args.flatMap((arg, i) =>
    arg.kind === 'tensor' && arg.dtype === 'real' && arg.role !== 'in' && exact[i] !== null
      ? [{ arg, i }]
      : [],
  );
  const base = outputs(op, exact);
  for (const { arg, i } of written) {
    const size = new Float64Array((base[i] as Tensor).data.length);
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const moved = outputs(op, changed(op, exact, attempt, i))[i] as Tensor;
      for (let k = 0; k < size.length; k++) {
        const effect = Math.abs(moved.data[k]! - (base[i] as Tensor).data[k]!) / CHANGE;
        if (effect > size[k]!) size[k] = effect;
      }
    }
    sizes.set(arg.name, size);
  }
  return sizes;
}

const reference = createReferenceBackend('f64');

/** Runs the call on copies of its values, and returns them as the call left them. */
function outputs(op: OpName, flat: readonly unknown[]): unknown[] {
  const values = mirrorCall(op, groupedValues(op, flat), reference, 'f64');
  (reference.kernels[op] as (...values: unknown[]) => unknown)(...values);
  return flatValues(op, values);
}

/** The inputs with every real number changed at random, except those of argument number `except`. */
function changed(op: OpName, flat: readonly unknown[], attempt: number, except: number): unknown[] {
  return flat.map((value, i) => {
    const arg = flatArgs(op)[i]!;
    const isRead =
      arg.kind === 'tensor' && arg.dtype === 'real' && (arg.role === 'in' || arg.role === 'inout');
    if (!isRead || value === null || i === except) return value;
    const { data, ...rest } = value as Tensor;
    const random = new Random(attempt, arg.name);
    return {
      ...rest,
      dtype: 'f64',
      data: Float64Array.from(data, (v) => v * (1 + CHANGE * random.normal())),
    };
  });
}
