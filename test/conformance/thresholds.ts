import { deepStrictEqual } from 'node:assert/strict';
import type { Backend } from '../../src/core/backend.ts';
import { Random } from '../../src/core/random.ts';
import { mat, tensor } from '../../src/core/tensor.ts';

const CASES = 40;

/**
 * Pairs (x, y) in which x is the float32 next above the threshold of the row: `share * (|x| + |y|) / 2 + add`. A kernel
 * that compares with the threshold rounded to nearest would not see that x is above it.
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

/** (x, a, b, c), float32 all of them, with x exactly on the threshold of its row: 0.6745 times the mean. */
function rowsOnThreshold(): number[][] {
  const random = new Random(2, 'ties');
  const down = (v: number): number => (Math.fround(v) > v ? Math.fround(v * (1 - 2 ** -23)) : Math.fround(v));
  const rows: number[][] = [];
  while (rows.length < CASES) {
    const x = Math.fround(1 + random.uniform());
    const mean = x / 0.6745;
    // Three float32 hold the 53 bits of what the others must add up to.
    const rest = 4 * mean - x;
    const a = down(rest);
    const b = down(rest - a);
    const c = rest - a - b;
    if (0.6745 * mean === x && Math.fround(c) === c) rows.push([x, a, b, c]);
  }
  return rows;
}

/** Throws unless codes are zero up to the threshold, and it included, and not above; and int8 rounds half to even. */
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
