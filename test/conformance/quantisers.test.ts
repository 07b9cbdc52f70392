import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import type { Backend } from '../../src/core/backend.ts';
import { ACTIVATION_RULES, WEIGHT_RULES } from '../../src/core/choices.ts';
import { Random } from '../../src/core/random.ts';
import { mat, tensor } from '../../src/core/tensor.ts';
import { nativeVariants } from './backends.ts';

const reference = createReferenceBackend('f32');
const RULES = [...ACTIVATION_RULES, ...WEIGHT_RULES];
/** One register and a tail, several registers and a tail, on every instruction set. */
const COLS = [21, 133];

function quantised(backend: Backend, rule: (typeof RULES)[number], rows: readonly number[][]) {
  const cols = rows[0]!.length;
  const x = mat(backend.real, rows.length, cols, 'x');
  x.data.set(rows.flat());
  const codes = tensor('i8', rows.length, cols, 'codes');
  const { kernels } = backend;
  const isWeight = rule === 'absmean' || rule === 'absmedian';
  const scale = mat(backend.real, isWeight ? 1 : rows.length, 1, 'scale');
  if (isWeight) kernels.quantizeWeight(codes, scale, x, rule);
  else kernels.quantizeRows(codes, scale, x, rule);
  return { codes: [...codes.data], scale: [...scale.data] };
}

/**
 * Floats up to three units in the last place from (n + 1/2) * scale, where a quotient rounded twice could
 * get the wrong code.
 */
function rowsAroundHalves(random: Random, count: number, cols: number): number[][] {
  const bits = new Uint32Array(1);
  const float = new Float32Array(bits.buffer);
  const near = (value: number): number => {
    float[0] = value;
    bits[0]! += (random.uint32() % 7) - 3;
    return float[0]!;
  };
  return Array.from({ length: count }, () => {
    const largest = Math.fround((1 + random.uniform()) * 2 ** ((random.uint32() % 60) - 10));
    const scale = Math.fround(largest / 127);
    const sign = () => (random.uint32() % 2 ? 1 : -1);
    return [
      largest,
      ...Array.from({ length: cols - 1 }, () => sign() * near(((random.uint32() % 126) + 0.5) * scale)),
    ];
  });
}

/** The s below 2^`bits` for which the last `bits` bits of `odd * s` are `rest`. */
function factorFor(odd: bigint, rest: bigint, bits: bigint): bigint {
  let inverse = 1n;
  for (let i = 0; i < 6; i++) inverse *= 2n - odd * inverse;
  return BigInt.asUintN(Number(bits), rest * inverse);
}

/**
 * Rows (largest, x) with x / scale as close as possible to the middle between n + 1/2 and a neighbouring
 * float: rounding to the wrong one of the two gives the wrong code.
 */
function rowsHardToDivide(): number[][] {
  const rows: number[][] = [];
  for (let n = 1; n < 127; n++) {
    const unit = 2 ** (Math.floor(Math.log2(n + 0.5)) - 23);
    for (const side of [-1, 1])
      for (const rest of [-1n, 1n])
        for (const bits of [24n, 25n]) {
          // 25 bits, odd: n + 1/2 and half a unit of its last place more or less.
          const middle = BigInt((2 * (n + 0.5)) / unit + side);
          const scale = factorFor(middle, rest, bits);
          const x = (middle * scale - rest) >> bits;
          const isFloat = (value: bigint) => value >= 2n ** 23n && value < 2n ** 24n;
          const largest = Math.fround(127 * Number(scale));
          if (!isFloat(scale) || !isFloat(x) || Math.fround(largest / 127) !== Number(scale)) continue;
          rows.push([largest, Number(x) * unit * 2 ** (Number(bits) - 1)]);
        }
  }
  return rows;
}

/** Far longer than the stretches that are summed in float32. */
const longs = new Random(3, 'long');
const LONG_ROW = Array.from({ length: 60_000 }, () => Math.fround(longs.normal()));

const SPECIAL = [NaN, Infinity, -Infinity, 0, -0, 1e-45, -1e-45, 3.4e38, -3.4e38];

/** Rows in which few, some or all values are special. */
function rowsWithSpecials(random: Random, cols: number): number[][] {
  return [0.01, 0.1, 1].flatMap((share) =>
    [SPECIAL.slice(0, 1), SPECIAL].flatMap((values) =>
      Array.from({ length: 8 }, () =>
        Array.from({ length: cols }, () =>
          random.uniform() < share ? values[random.uint32() % values.length]! : random.uniform() - 0.5,
        ),
      ),
    ),
  );
}

const products = (codes: readonly number[], scale: readonly number[]): number[] =>
  codes.map((code, i) => code * scale[Math.floor(i / (codes.length / scale.length))]!);

describe.each(RULES)('%s', (rule) => {
  it.each([NaN, Infinity, -Infinity])(
    `${rule} quantisation turns a row that holds %s into NaN on every backend`,
    (value) => {
      const variants = nativeVariants().map(({ create }) => create(1));
      for (const backend of [reference, createReferenceBackend('f64'), ...variants]) {
        for (const cols of COLS) {
          for (const at of [0, 7, cols - 1]) {
            const row = Array.from({ length: cols }, (_, i) => (i === at ? value : (i % 5) - 2));
            const { codes, scale } = quantised(backend, rule, [row]);
            expect(products(codes, scale), backend.name).toEqual(codes.map(() => NaN));
          }
        }
        backend.dispose();
      }
    },
  );
});

describe.each(nativeVariants().map(({ name, create }) => ({ name, backend: create(1) })))(
  '$name',
  ({ backend }) => {
    it('int8 quantisation gives the codes of the reference next to every rounding boundary', () => {
      const random = new Random(1, 'halves');
      for (const cols of COLS) {
        const rows = rowsAroundHalves(random, 200, cols);
        expect(quantised(backend, 'int8', rows)).toEqual(quantised(reference, 'int8', rows));
      }
    });

    it('quantisers sum magnitudes in the same lanes as the reference', () => {
      // The ones decide a tie between two floats if they are added together before 2^53; one by one they are
      // lost.
      const row = new Array<number>(32).fill(0);
      [row[0], row[16], row[8], row[24]] = [2 ** 53, 2 ** 29, 1, 1];
      for (const rule of ['ternary', 'absmean'] as const)
        expect(quantised(backend, rule, [row])).toEqual(quantised(reference, rule, [row]));
    });

    it('int8 quantisation gives the codes of the reference for quotients that are hardest to round', () => {
      const rows = rowsHardToDivide();
      expect(rows.length).toBeGreaterThan(50);
      expect(quantised(backend, 'int8', rows)).toEqual(quantised(reference, 'int8', rows));
    });

    it('absmedian takes the mean of the two middle weights, which may be equal', () => {
      for (const weights of [
        [1, 2, 2, 3],
        [3, 1, -1, 2],
        [-2, 2, 2, 2],
        [5, 4],
      ])
        expect(quantised(backend, 'absmedian', [weights])).toEqual(
          quantised(reference, 'absmedian', [weights]),
        );
    });

    it.each(RULES)(
      '%s quantisation gives the codes and the scale of the reference for a long row',
      (rule) => {
        const found = quantised(backend, rule, [LONG_ROW]);
        const expected = quantised(reference, rule, [LONG_ROW]);
        expect(found.scale).toEqual(expected.scale);
        expect(Buffer.compare(Buffer.from(found.codes), Buffer.from(expected.codes))).toBe(0);
      },
    );

    it.each(RULES)(
      '%s quantisation gives the codes and the scales of the reference for NaN, infinity and subnormal numbers',
      (rule) => {
        const random = new Random(2, 'specials');
        for (const cols of COLS) {
          const rows = rowsWithSpecials(random, cols);
          if (rule !== 'absmean' && rule !== 'absmedian')
            expect(quantised(backend, rule, rows)).toEqual(quantised(reference, rule, rows));
          else
            for (const row of rows)
              expect(quantised(backend, rule, [row])).toEqual(quantised(reference, rule, [row]));
        }
      },
    );
  },
);
