import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import type { Backend } from '../../src/core/backend.ts';
import { Random } from '../../src/core/random.ts';
import { mat, tensor } from '../../src/core/tensor.ts';
import { nativeVariants } from './backends.ts';

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

function codes(backend: Backend, quantize: 'weight' | 'row', values: readonly number[]): number[] {
  const x = mat('f32', 1, values.length, 'x');
  x.data.set(values);
  const out = tensor('i8', 1, values.length, 'codes');
  const scale = mat('f32', 1, 1, 'scale');
  if (quantize === 'weight') backend.kernels.quantizeWeight(out, scale, x, 'absmean');
  else backend.kernels.quantizeRows(out, scale, x, 'ternary');
  return [...out.data];
}

const backends = [
  { name: 'reference', create: () => createReferenceBackend('f32') },
  ...nativeVariants().map(({ name, create }) => ({ name, create: () => create(1) })),
];

describe.each(backends)('$name', ({ create }) => {
  it.each([
    ['weight', 0.5, 0.5e-8],
    ['row', 0.6745, 0],
  ] as const)('a %s just above the threshold is kept, one on or below it is not', (quantize, share, add) => {
    const backend = create();
    for (const [x, y] of pairsJustAbove(share, add)) {
      expect(codes(backend, quantize, [x, y])).toEqual([1, 1]);
      expect(codes(backend, quantize, [-x, y])).toEqual([-1, 1]);
      expect(codes(backend, quantize, [Math.fround(x * (1 - 2 ** -22)), y])).toEqual([0, 1]);
    }
  });
});
