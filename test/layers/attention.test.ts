import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import type { Backend } from '../../src/core/backend.ts';
import { Random } from '../../src/core/random.ts';
import { type Ids, type Mat, mat, tensor } from '../../src/core/tensor.ts';
import { nativeVariants } from '../conformance/backends.ts';
import { type Draw, isKept } from '../conformance/drawn-philox.ts';

const reference = createReferenceBackend('f64');
const backends: readonly { readonly name: string; readonly create: () => Backend }[] = [
  { name: 'reference:f64', create: () => reference },
  ...nativeVariants().map(({ name, create }) => ({ name, create: () => create(2) })),
];

function filled(backend: Backend, rows: number, cols: number, label: string): Mat {
  const random = new Random(3, label);
  const m = mat(backend.real, rows, cols, label);
  for (let i = 0; i < m.data.length; i++) m.data[i] = Math.fround(random.normal());
  return m;
}
const idsOf = (values: readonly number[], label: string): Ids => {
  const ids = tensor('i32', values.length, 1, label);
  ids.data.set(values);
  return ids;
};

interface Shape {
  readonly T: number;
  readonly G: number;
  readonly R: number;
  readonly E: number;
  readonly window?: number;
  readonly cap?: number;
  readonly starts?: readonly number[];
  readonly dropped?: Draw;
}

/** Of the step's sequences, the one that is tried. */
const SEQUENCE = 2;

/** Attention as a matrix of masked weights, row by row in float64: written from the equations alone. */
function masked(qk: Mat, x: Mat, { T, G, R, E, window = 0, cap = 0, starts, dropped }: Shape): number[] {
  const H = G * R;
  const out: number[] = [];
  for (let i = 0; i < T; i++) {
    for (let h = 0; h < H; h++) {
      const kv = Math.trunc(h / R);
      const scores = Array.from({ length: T }, (_, j) => {
        const isSeen = j <= i && j >= (starts?.[i] ?? 0) && (window === 0 || i - j < window);
        if (!isSeen) return Number.NEGATIVE_INFINITY;
        let score = 0;
        for (let e = 0; e < E; e++)
          score += qk.data[i * qk.cols + h * E + e]! * qk.data[j * qk.cols + (H + kv) * E + e]!;
        score /= E ** 0.5;
        return cap ? cap * Math.tanh(score / cap) : score;
      });
      const sum = scores.reduce((total, score) => total + Math.exp(score), 0);
      // The weights of a row and head begin at a multiple of 64 elements.
      const first = ((SEQUENCE * T + i) * H + h) * Math.ceil(T / 64) * 64;
      const factor = (j: number) => (dropped ? Number(isKept(first + j, dropped)) / (1 - dropped.rate) : 1);
      for (let e = 0; e < E; e++)
        out.push(
          scores.reduce(
            (total, score, j) =>
              total +
              (Math.exp(score) / sum) *
                factor(j) *
                (score > -Infinity ? x.data[j * x.cols + (H + G + kv) * E + e]! : 0),
            0,
          ),
        );
    }
  }
  return out;
}

function attended(backend: Backend, shape: Shape): { readonly out: Mat; readonly expected: number[] } {
  const { T, G, R, E, window = 0, cap = 0, starts } = shape;
  const { rate, seed, step, stream } = shape.dropped ?? { rate: 0, seed: 0, step: 0, stream: 0 };
  const qk = filled(backend, T, (G * R + G) * E, 'qk');
  const x = filled(backend, T, (G * R + 2 * G) * E, 'x');
  const out = mat(backend.real, T, G * R * E, 'out');
  backend.kernels.attention(
    out,
    mat(backend.real, T, G * R, 'lse'),
    mat(backend.real, G * E, 1, 'keys'),
    mat(backend.real, 1, G * E, 'values'),
    qk,
    x,
    null,
    idsOf([0], 'position'),
    G,
    R,
    window,
    cap,
    rate,
    seed,
    step,
    stream,
    idsOf([SEQUENCE], 'sequence'),
    starts ? idsOf(starts, 'starts') : null,
    T,
  );
  return { out, expected: masked(qk, x, shape) };
}

const SHAPES: readonly (readonly [string, Shape])[] = [
  ['one head', { T: 37, G: 1, R: 1, E: 16 }],
  ['grouped queries of an odd width', { T: 33, G: 2, R: 3, E: 5 }],
  ['a window', { T: 70, G: 1, R: 2, E: 8, window: 19 }],
  ['a window of one row', { T: 20, G: 1, R: 1, E: 8, window: 1 }],
  ['a soft-cap', { T: 20, G: 1, R: 2, E: 8, cap: 0.7 }],
  ['dropped weights', { T: 70, G: 1, R: 2, E: 8, dropped: { rate: 0.5, seed: 9, step: 4, stream: 77 } }],
  [
    'several documents',
    {
      T: 40,
      G: 1,
      R: 1,
      E: 8,
      starts: Array.from({ length: 40 }, (_, t) => [0, 3, 21].findLast((s) => s <= t)!),
    },
  ],
];

describe.each(backends)('attention on $name', ({ create }) => {
  it.each(SHAPES)('attention with %s is a softmax over a masked matrix of scores', (_, shape) => {
    const backend = create();
    const { out, expected } = attended(backend, shape);
    const tolerance = backend.real === 'f64' ? 1e-12 : 3e-6;
    for (const [i, value] of expected.entries())
      expect(Math.abs(out.data[i]! - value)).toBeLessThan(tolerance);
  });

  it.each([0, 90])('rows in calls of any length attend with the bits of one call, window %i', (window) => {
    const backend = create();
    const [T, G, R, E] = [400, 1, 2, 5];
    const lengths = [129, 100, 1, 1, 26, 143];
    const qk = filled(backend, T, (G * R + G) * E, 'qk');
    const x = filled(backend, T, (G * R + 2 * G) * E, 'x');
    const inCalls = (kept: number, calls: readonly number[]): Mat['data'] => {
      const [keys, values] = [
        mat(backend.real, G * E, kept, 'keys'),
        mat(backend.real, kept, G * E, 'values'),
      ];
      const out = mat(backend.real, T, G * R * E, 'out');
      let from = 0;
      for (const length of calls) {
        const lse = mat(backend.real, length, G * R, 'lse');
        const rowsOf = ({ data, cols }: Mat) => {
          const at = new Uint8Array(data.buffer, data.byteOffset + from * cols * data.BYTES_PER_ELEMENT);
          return mat(backend.real, length, cols, 'rows', at);
        };
        const [y, position] = [rowsOf(out), idsOf([from], 'position')];
        const drop = [0, 0, 0, 0] as const;
        const [sequence, starts] = [idsOf([0], 'sequence'), null];
        backend.kernels.attention(
          y,
          lse,
          keys,
          values,
          rowsOf(qk),
          rowsOf(x),
          null,
          position,
          G,
          R,
          window,
          0,
          ...drop,
          sequence,
          starts,
          length,
        );
        from += length;
      }
      return out.data;
    };
    // Rows that are kept wrap where there are fewer than the text has.
    const kept = window || T;
    expect(inCalls(kept, lengths)).toEqual(inCalls(1, [T]));
  });

  it('a rotated query and key have a product that depends on their distance alone', () => {
    const backend = create();
    const [E, C] = [6, 50];
    const angles = mat(backend.real, C, E, 'angles');
    for (let row = 0; row < C; row++) {
      for (let i = 0; i < E / 2; i++) {
        angles.data[row * E + i] = Math.cos(row * 100 ** (-i / 3));
        angles.data[row * E + 3 + i] = Math.sin(row * 100 ** (-i / 3));
      }
    }
    const x = filled(backend, 1, 3 * E, 'x');
    const turned = (position: number, layout: 'half' | 'interleaved') => {
      const qk = mat(backend.real, 1, 2 * E, 'qk');
      backend.kernels.normRope(qk, null, x, null, angles, 3, layout, idsOf([position], 'p'), 1, 1, 0, 1);
      return qk.data;
    };
    const product = (p: number, r: number, layout: 'half' | 'interleaved') => {
      const [q, k] = [turned(p, layout), turned(r, layout)];
      let sum = 0;
      for (let e = 0; e < E; e++) sum += q[e]! * k[E + e]!;
      return sum;
    };
    for (const layout of ['half', 'interleaved'] as const) {
      const near = product(9, 4, layout);
      expect(product(45, 40, layout)).toBeCloseTo(near, 5);
      expect(Math.abs(product(45, 4, layout) - near)).toBeGreaterThan(1e-3);
    }
  });
});
