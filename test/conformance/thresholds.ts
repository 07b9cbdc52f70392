import { deepStrictEqual } from 'node:assert/strict';
import type { Backend } from '../../src/core/backend.ts';
import { Random } from '../../src/core/random.ts';
import { mat, tensor } from '../../src/core/tensor.ts';

const CASES = 40;

/**
 * Pairs (x, y) in which x is the first float32 above the threshold of the row, `share * (|x| + |y|) / 2 +
 * add`. A kernel that rounds the threshold to the nearest float32 would not find x above it.
 */
function pairsJustAbove(share: number, add: number): [number, number][] {
  const random = new Random(1, 'thresholds');
  const pairs: [number, number][] = [];
  while (pairs.length < CASES) {
    const y = Math.fround(1 + random.uniform());
    const threshold = (x: number): number => share * ((x + y) / 2) + add;
    let x = y / 2;
    for (let i = 0; i < 200; i++) x = Math.fround(threshold(x));
    if (Math.fround(threshold(x)) === x && x > threshold(x)) pairs.push([x, y]);
  }
  return pairs;
}

/** The least-squares scale of a row. */
function scaleOf(backend: Backend, values: readonly number[]): number {
  const x = mat('f32', 1, values.length, 'x');
  x.data.set(values);
  const [out, scale] = [tensor('i8', 1, values.length, 'codes'), mat('f32', 1, 1, 'scale')];
  backend.kernels.quantizeRows(out, scale, x, 'ternary-mse');
  return scale.data[0]!;
}

function codes(backend: Backend, quantize: 'weight' | 'row' | 'int8', values: readonly number[]): number[] {
  const x = mat('f32', 1, values.length, 'x');
  x.data.set(values);
  const out = tensor('i8', 1, values.length, 'codes');
  const scale = mat('f32', 1, 1, 'scale');
  if (quantize === 'weight') backend.kernels.quantizeWeight(out, scale, x, 'absmean');
  else backend.kernels.quantizeRows(out, scale, x, quantize === 'int8' ? 'int8' : 'ternary');
  return [...out.data];
}

/** Rows (x, a, b, c) of float32 values, with x exactly on the row's threshold: 0.6745 times the mean. */
function rowsOnThreshold(): number[][] {
  const random = new Random(2, 'ties');
  const down = (v: number): number => (Math.fround(v) > v ? Math.fround(v * (1 - 2 ** -23)) : Math.fround(v));
  const rows: number[][] = [];
  while (rows.length < CASES) {
    const x = Math.fround(1 + random.uniform());
    const mean = x / 0.6745;
    // The sum of the others has 53 bits: three float32 represent it exactly.
    const rest = 4 * mean - x;
    const a = down(rest);
    const b = down(rest - a);
    const c = rest - a - b;
    if (0.6745 * mean === x && Math.fround(c) === c) rows.push([x, a, b, c]);
  }
  return rows;
}

/**
 * Throws unless ternary codes are 0 up to and including the threshold and not above it, and int8 rounds half
 * to even.
 */
export function expectThresholds(backend: Backend): void {
  const check = (quantize: 'weight' | 'row', values: readonly number[], first: number): void =>
    deepStrictEqual(codes(backend, quantize, values).slice(0, 2), [first, 1], `${quantize} of ${values}`);
  for (const [quantize, share, add] of [
    ['weight', 0.5, 0.5e-8],
    ['row', 0.6745, 0],
  ] as const) {
    for (const [x, y] of pairsJustAbove(share, add)) {
      check(quantize, [x, y], 1);
      check(quantize, [-x, y], -1);
      check(quantize, [Math.fround(x * (1 - 2 ** -22)), y], 0);
    }
  }
  for (const row of rowsOnThreshold()) {
    check('row', row, 0);
    // Of (x, a, b, c) only a is above.
    deepStrictEqual(scaleOf(backend, row), row[1], `scale of ${row}`);
  }
  // So large that adding 1e-8 to the mean changes nothing: half the mean is exactly the first.
  check('weight', [2 ** 28, 3 * 2 ** 28], 0);
  // Scale 1: halves go to the even neighbour.
  deepStrictEqual(codes(backend, 'int8', [127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5]), [127, 0, 2, 2, 0, -2, -2]);
}
