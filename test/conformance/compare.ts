import type { OpName } from '../../src/core/kernels.ts';
import { deviations, type Outcome } from '../../src/core/ops/agreement.ts';
import type { Tensor } from '../../src/core/tensor.ts';

const isFloat = (t: Tensor | undefined): boolean => t === undefined || t.dtype === 'f32' || t.dtype === 'f64';

function throwOnMismatch(
  op: OpName,
  actual: Outcome,
  expected: Outcome,
  isCompared: (t?: Tensor) => boolean,
): void {
  for (const { arg, mismatch } of deviations(op, actual, expected)) {
    if (!mismatch || !isCompared(expected.tensors.get(arg))) continue;
    const { index, actual: a, expected: b, bound } = mismatch;
    throw new Error(`${arg}[${index}] is ${a}, expected ${b}${bound > 0 ? ` within ${bound}` : ''}`);
  }
}

/** Throws unless a call agrees with the reference in the same float type, within the op table's bounds. */
export function expectAgreement(op: OpName, actual: Outcome, expected: Outcome): void {
  throwOnMismatch(op, actual, expected, () => true);
}

/** Compares float results with the float64 reference. Codes are not compared: float32 may move their threshold. */
export function expectCloseToFloat64(op: OpName, actual: Outcome, expected: Outcome): void {
  throwOnMismatch(op, actual, expected, isFloat);
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
