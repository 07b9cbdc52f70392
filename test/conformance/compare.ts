import type { OpName } from '../../src/core/kernels.ts';
import { flatArgs, OPS } from '../../src/core/ops.ts';
import type { Tensor } from '../../src/core/tensor.ts';
import type { Outcome } from './run.ts';

/** What float32 storage of an exactly computed value may differ by from float64. */
const STORED = 2 ** -23;

const isReal = (t: Tensor): boolean => t.dtype === 'f32' || t.dtype === 'f64';

function rms(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  return values.length ? Math.sqrt(sum / values.length) : 0;
}

/** Throws at the first element that is further from `expected` than `near * (|expected| + rms(expected))`. */
function compare(name: string, actual: ArrayLike<number>, expected: ArrayLike<number>, near: number): void {
  const scale = rms(expected);
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [actual[i]!, expected[i]!];
    if (Object.is(a, b) || Math.abs(a - b) <= near * (Math.abs(b) + scale)) continue;
    throw new Error(
      `${name}[${i}] is ${a}, expected ${b} within ${near * (Math.abs(b) + scale)} (rms ${scale})`,
    );
  }
}

/** A backend's private layout has no meaning to others. */
const isPrivate = (op: OpName, name: string): boolean =>
  flatArgs(op).some((arg) => arg.name === name && arg.kind === 'tensor' && arg.packs !== undefined);

/** Compares with the reference of the same real type, as closely as the op table asks. */
export function expectAgreement(op: OpName, actual: Outcome, expected: Outcome): void {
  const { agree } = OPS[op];
  const near = agree === 'exact' ? 0 : agree.near;
  for (const [name, tensor] of expected.tensors) {
    if (isPrivate(op, name)) continue;
    compare(name, actual.tensors.get(name)!.data, tensor.data, isReal(tensor) ? near : 0);
  }
  if (expected.returned !== undefined) compare('returned', [actual.returned!], [expected.returned], near);
}

/** Compares float results with the float64 reference; codes are left out, whose threshold float32 may move. */
export function expectCloseToFloat64(op: OpName, actual: Outcome, expected: Outcome): void {
  const { agree } = OPS[op];
  const near = agree === 'exact' ? STORED : agree.near;
  for (const [name, tensor] of expected.tensors)
    if (isReal(tensor)) compare(name, actual.tensors.get(name)!.data, tensor.data, near);
  if (expected.returned !== undefined) compare('returned', [actual.returned!], [expected.returned], near);
}

/** Throws unless two calls wrote the same bits. */
export function expectSameBits(actual: Outcome, expected: Outcome): void {
  for (const [name, { data }] of expected.tensors) {
    const other = actual.tensors.get(name)!.data;
    const bytes = (d: Tensor['data']): Uint8Array => new Uint8Array(d.buffer, d.byteOffset, d.byteLength);
    if (Buffer.compare(bytes(data), bytes(other)) === 0) continue;
    const at = data.findIndex((value: number, i: number) => !Object.is(value, other[i]));
    throw new Error(`${name}[${at}] is ${other[at]}, expected ${data[at]} to the bit`);
  }
  if (!Object.is(actual.returned, expected.returned))
    throw new Error(`returned ${actual.returned}, expected ${expected.returned} to the bit`);
}
