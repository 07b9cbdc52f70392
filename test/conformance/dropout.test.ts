import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import type { Backend } from '../../src/core/backend.ts';
import { mat } from '../../src/core/tensor.ts';
import { nativeVariants } from './backends.ts';
import { isKept, philoxOf } from './drawn-philox.ts';

const COLS = 37;

interface Draw {
  readonly rows?: number;
  readonly rate?: number;
  readonly seed?: number;
  readonly step?: number;
  readonly stream?: number;
  readonly firstRow?: number;
}

/** The output of dropout for an input of ones. */
function drop({ kernels }: Backend, draw: Draw = {}): number[] {
  const { rows = 60, rate = 0.3, seed = 5, step = 7, stream = 11, firstRow = 0 } = draw;
  const [x, out] = [mat('f32', rows, COLS, 'x'), mat('f32', rows, COLS, 'out')];
  x.data.fill(1);
  kernels.dropout(out, x, rate, seed, step, stream, firstRow);
  return [...out.data];
}

const backends = [
  { name: 'reference', backend: createReferenceBackend('f32') },
  ...nativeVariants().map(({ name, create }) => ({ name, backend: create(2) })),
];

it('Philox as the paper defines it has the published known answers', () => {
  const hex = (words: string) => words.split(' ').map((word) => BigInt(`0x${word}`));
  for (const [counter, key, answer] of [
    ['00000000 00000000 00000000 00000000', '00000000 00000000', '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    ['ffffffff ffffffff ffffffff ffffffff', 'ffffffff ffffffff', '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    ['243f6a88 85a308d3 13198a2e 03707344', 'a4093822 299f31d0', 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ] as const)
    expect(philoxOf(hex(counter), hex(key))).toEqual(hex(answer));
});

describe.each(backends)('dropout on $name', ({ backend }) => {
  it('dropout drops the same elements in blocks of rows as in one call, wherever a block begins', () => {
    const whole = drop(backend);
    for (const cut of [1, 2, 13, 59]) {
      const blocks = [drop(backend, { rows: cut }), drop(backend, { rows: 60 - cut, firstRow: cut })];
      expect(blocks.flat()).toEqual(whole);
    }
  });

  it.each([
    { rate: 0.3, seed: 5, step: 7, stream: 11, firstRow: 0 },
    { rate: 0.75, seed: 2 ** 40 + 3, step: 2 ** 31, stream: 2 ** 32 - 1, firstRow: 2 ** 31 },
  ])('dropout keeps the elements that Philox from its definition keeps: %o', (draw) => {
    const out = drop(backend, draw);
    const kept = out.map((_, i) => isKept(draw.firstRow * COLS + i, draw));
    expect(out.map((value) => value !== 0)).toEqual(kept);
  });

  it('dropout drops a share of elements close to its rate, and scales the others to keep the mean', () => {
    for (const rate of [0.1, 0.5, 0.9]) {
      const out = drop(backend, { rows: 1000, rate });
      const scale = Math.fround(1 / (1 - rate));
      expect(out.every((value) => value === 0 || value === scale)).toBe(true);
      const dropped = out.filter((value) => value === 0).length / out.length;
      // Six standard deviations.
      expect(Math.abs(dropped - rate)).toBeLessThan(6 * Math.sqrt((rate * (1 - rate)) / out.length));
    }
  });

  it('dropout at rate 0 changes nothing', () => {
    expect(drop(backend, { rate: 0 }).every((value) => value === 1)).toBe(true);
  });

  it('dropout draws other numbers for another seed, step, stream or row', () => {
    const first = drop(backend);
    const others = [{ seed: 6 }, { seed: 5 + 2 ** 32 }, { step: 8 }, { stream: 12 }, { firstRow: 2 ** 34 }];
    for (const other of others) {
      const same = drop(backend, other).filter((value, i) => (value === 0) === (first[i] === 0)).length;
      // Independent draws agree in 0.3^2 + 0.7^2 of all elements.
      expect(Math.abs(same / first.length - 0.58)).toBeLessThan(0.06);
    }
  });
});
