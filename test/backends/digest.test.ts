import { describe, expect, it } from 'vitest';
import { digest } from '../../src/backends/checked/digest.ts';
import { createNativeBackend, nativeStatus } from '../../src/backends/native/index.ts';
import type { Inspector } from '../../src/core/backend.ts';
import { Random } from '../../src/core/random.ts';
import { type Tensor, tensor } from '../../src/core/tensor.ts';

const inspectors: [string, Inspector | undefined][] = [['JavaScript', undefined]];
if (nativeStatus().available) {
  inspectors.push(['native', createNativeBackend({ threads: 1 }).inspector]);
  inspectors.push(['native, 3 threads', createNativeBackend({ threads: 3 }).inspector]);
}

function values(count: number): Tensor {
  const t = tensor('f32', 1, count, 't');
  const random = new Random(3, 'digest');
  for (let i = 0; i < count; i++) t.data[i] = random.normal();
  return t as Tensor;
}

describe.each(inspectors)('the checksum in %s', (_, inspector) => {
  const of = (t: Tensor): number => digest(t, inspector);

  it('every single bit changes the digest', () => {
    const t = values(23);
    const before = of(t);
    const bytes = new Uint8Array(t.data.buffer);
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      expect(of(t)).not.toBe(before);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
    expect(of(t)).toBe(before);
  });

  it('changed signs and swapped values change the digest', () => {
    const t = values(1 << 10);
    const seen = new Set([of(t)]);
    for (const step of [1, 2, 4, 8, 16]) {
      for (let i = 0; i < t.data.length; i += step) t.data[i] = -t.data[i]!;
      seen.add(of(t));
    }
    t.data.reverse();
    seen.add(of(t));
    expect(seen.size).toBe(7);
  });

  it('swapped parts of any size change the digest', () => {
    const t = values(5 * (1 << 14) + 3);
    const seen = new Set([of(t)]);
    let parts = 0;
    // In words: a lane, a line, a page, the 64 KiB that are looked at in one go, and two of these.
    for (const size of [1, 2, 16, 1 << 10, 1 << 14, 1 << 15]) {
      for (const [first, second] of [
        [0, 1],
        [1, 2],
      ] as const) {
        if ((second + 1) * size > t.data.length) continue;
        const [a, b] = [
          t.data.slice(first * size, (first + 1) * size),
          t.data.slice(second * size, (second + 1) * size),
        ];
        t.data.set(b as Float32Array, first * size);
        t.data.set(a as Float32Array, second * size);
        seen.add(of(t));
        parts++;
      }
    }
    expect(seen.size).toBe(1 + parts);
  });

  it('equal bytes have equal digests', () => {
    for (const count of [0, 1, 7, 100_000]) expect(of(values(count))).toBe(of(values(count)));
  });
});

describe.each(inspectors.slice(1))('the search for NaN and infinity, %s', (_, inspector) => {
  it('the search for non-finite values finds the first one', () => {
    const { data } = values(200_000);
    const array = data as Float32Array;
    expect(inspector!.findNonFinite(array)).toBe(-1);
    array[199_999] = Number.NaN;
    expect(inspector!.findNonFinite(array)).toBe(199_999);
    array[70_001] = Number.NEGATIVE_INFINITY;
    expect(inspector!.findNonFinite(array)).toBe(70_001);
    expect(inspector!.findNonFinite(new Float32Array(0))).toBe(-1);
  });
});
