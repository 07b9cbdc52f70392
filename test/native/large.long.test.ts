import { afterAll, describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import type { Backend } from '../../src/core/backend.ts';
import { ROW_CHUNK } from '../../src/core/kernels.ts';
import { Random } from '../../src/core/random.ts';
import { mat, type Tensor, tensor } from '../../src/core/tensor.ts';
import { nativeVariants } from '../conformance/backends.ts';

// Sizes and step counts of real runs.

const STEPS = 3000;
const WEIGHTS = 64;

/** Weights after so many steps of AdamW on the same noisy gradients. */
function afterManySteps({ real, kernels }: Backend): Float64Array {
  const [p, m, v, g] = ['p', 'm', 'v', 'g'].map((name) => mat(real, 1, WEIGHTS, name));
  const random = new Random(7, 'many steps');
  for (let step = 1; step <= STEPS; step++) {
    g!.data.forEach((_, i) => {
      g!.data[i] = Math.fround(random.normal() + 0.3 * Math.sin(i));
    });
    kernels.adamW(p!, m!, v!, g!, 1e-3, 0.9, 0.999, 1e-8, 0.1, step);
  }
  return Float64Array.from(p!.data as Float32Array);
}

/**
 * So many rows and ids that dz does not fit its memory limit at once, and that the last chunk of rows is not
 * full.
 */
const [ROWS, VOCAB] = [1300, 20_000];

/** The gradient of the table after calls on `sizes` rows each. */
function tableGradient({ kernels }: Backend, sizes: readonly number[]): Buffer {
  const random = new Random(8, 'head');
  const drawn = (rows: number): Float32Array => Float32Array.from({ length: rows }, () => random.normal());
  const [h, table] = [drawn(ROWS), drawn(VOCAB)];
  const acc = mat('f32', VOCAB, 1, 'acc');
  let first = 0;
  for (const rows of sizes) {
    const offsets = tensor('i32', rows + 1, 1, 'offsets');
    const ids = tensor('i32', rows, 1, 'ids');
    offsets.data.forEach((_, i) => {
      offsets.data[i] = i;
    });
    ids.data.forEach((_, i) => {
      ids.data[i] = (7919 * (first + i)) % VOCAB;
    });
    const weights = mat('f32', rows, 1, 'weights');
    weights.data.fill(1);
    const of = (data: Float32Array, count: number): Tensor<'f32'> => ({
      ...(mat('f32', 1, 1, 'part') as Tensor<'f32'>),
      rows: count,
      data,
    });
    const nats = mat('f32', rows, 1, 'nats');
    const part = of(h.subarray(first, first + rows), rows);
    kernels.headLoss(
      nats,
      null,
      acc,
      null,
      part,
      of(table, VOCAB),
      null,
      { offsets, ids, weights },
      1,
      'f32',
      0,
      0,
    );
    first += rows;
  }
  return Buffer.from(acc.data.buffer);
}

describe.each(nativeVariants())('$name', ({ create }) => {
  const backend = create(2);
  afterAll(() => backend.dispose());

  it('AdamW stays close to float64 for thousands of steps', () => {
    const expected = afterManySteps(createReferenceBackend('f64'));
    const found = afterManySteps(backend);
    expect(Math.max(...found.map((value, i) => Math.abs(value - expected[i]!)))).toBeLessThan(1e-5);
  });

  it("headLoss gives a large vocabulary's table the same gradient in blocks of rows as in one call", () => {
    const whole = tableGradient(backend, [ROWS]);
    const blocks = tableGradient(backend, [2 * ROW_CHUNK, 2 * ROW_CHUNK, ROWS - 4 * ROW_CHUNK]);
    expect(Buffer.compare(whole, blocks)).toBe(0);
  });

  it('absmean divides by the exact number of weights where float32 cannot represent it', () => {
    // 2^24 + 1, odd: float32 would drop the last one. Of 1.75 that is more than half a unit of the scale's
    // last place.
    const [rows, cols] = [673, 24_929];
    const w = mat('f32', rows, cols, 'w');
    w.data.fill(1.75);
    const [codes, scale] = [tensor('i8', rows, cols, 'codes'), mat('f32', 1, 1, 'scale')];
    backend.kernels.quantizeWeight(codes, scale, w, 'absmean');
    expect(scale.data[0]).toBe(1.75);
    expect(backend.kernels.sumSquares(w)).toBe(1.75 ** 2 * rows * cols);
  });
});
