import type { Backend } from '../../src/core/backend.ts';
import { ACTIVATION_FNS } from '../../src/core/choices.ts';
import { mat, type Tensor, tensor } from '../../src/core/tensor.ts';

const Z = [1000, 0, -1000];
const SCALE = 0.5;

const expectAll = (what: string, found: ArrayLike<number>, expected: readonly number[]): void =>
  expected.forEach((e, i) => {
    if (!(Math.abs(found[i]! - e) <= 1e-4 * Math.max(1, Math.abs(e))))
      throw new Error(`${what}[${i}] is ${found[i]}, expected ${e}`);
  });

function makers({ real: dtype }: Backend) {
  const real = (rows: number, cols: number, values: readonly number[] = []) => {
    const m = mat(dtype, rows, cols, 'm');
    m.data.set(values);
    return m;
  };
  const int = (values: readonly number[]) => {
    const ids = tensor('i32', values.length, 1, 'ids');
    ids.data.set(values);
    return ids;
  };
  return { real, int };
}

/** Throws unless logits whose exponentials overflow have the exact loss and gradients. */
export function expectSaturation(backend: Backend): void {
  const { real, int } = makers(backend);
  const targets = { offsets: int([0, 1, 2]), ids: int([0, 1]), weights: real(2, 1, [1, 1]) };
  const [nats, dz] = [real(2, 1), real(2, 3)];
  backend.kernels.softmaxCrossEntropy(nats, dz, real(2, 3, [...Z, ...Z]), targets, SCALE, 0, 0);
  expectAll('nats', nats.data, [0, 1000]);
  expectAll('dz', dz.data, [0, 0, 0, SCALE, -SCALE, 0]);

  // The same logits as products with a table of one column.
  const [dh, dTable, dBias] = [real(2, 1), real(3, 1), real(1, 3)];
  backend.kernels.headLoss(
    nats,
    dh,
    dTable,
    dBias,
    real(2, 1, [1, 1]),
    real(3, 1, Z),
    null,
    targets,
    SCALE,
    'f32',
    0,
    0,
  );
  expectAll('headLoss nats', nats.data, [0, 1000]);
  expectAll('headLoss dh', dh.data, [0, SCALE * 1000]);
  expectAll('headLoss dTable', dTable.data, [SCALE, -SCALE, 0]);
  expectAll('headLoss dBias', dBias.data, [SCALE, -SCALE, 0]);
}

/** So large that adding the logarithm of a small number changes nothing, even in float64. */
const HUGE = 3e29;

/**
 * Throws unless ties of huge logits share the probability, and rows without targets have neither loss nor
 * gradient.
 */
export function expectHugeTies(backend: Backend): void {
  const { real, int } = makers(backend);
  const z = [HUGE, HUGE, 0];
  const weights = real(3, 1, [1, 2, 1]);
  const targets = { offsets: int([0, 1, 1, 3]), ids: int([0, 1, 2]), weights };
  const [nats, dz] = [real(3, 1), real(3, 3)];
  backend.kernels.softmaxCrossEntropy(nats, dz, real(3, 3, [...z, ...z, ...z]), targets, SCALE, 0, 0);
  expectAll('nats', nats.data, [Math.LN2, 0, HUGE]);
  expectAll('dz', dz.data, [-SCALE / 2, SCALE / 2, 0, 0, 0, 0, 1.5 * SCALE, -0.5 * SCALE, -SCALE]);
  const untargeted = [nats.data[1]!, ...dz.data.subarray(3, 6)];
  if (untargeted.some((value) => value !== 0)) throw new Error(`without targets: ${untargeted}`);
  const [natsOfOne, dh, dTable, dBias] = [real(1, 1), real(1, 1), real(3, 1), real(1, 3)];
  const one = { offsets: int([0, 1]), ids: int([0]), weights: real(1, 1, [1]) };
  backend.kernels.headLoss(
    natsOfOne,
    dh,
    dTable,
    dBias,
    real(1, 1, [1]),
    real(3, 1, z),
    null,
    one,
    SCALE,
    'f32',
    0,
    0,
  );
  expectAll('headLoss nats', natsOfOne.data, [Math.LN2]);
  expectAll('headLoss dh', dh.data, [0]);
  expectAll('headLoss dTable', dTable.data, [-SCALE / 2, SCALE / 2, 0]);
  expectAll('headLoss dBias', dBias.data, [-SCALE / 2, SCALE / 2, 0]);
}

/** Squares of these overflow float32, or those of a whole row do. */
const LARGE = [2e18, 1e20, 1e30, 3e38];
const WIDTH = 600;

/**
 * Throws unless rows whose squares overflow float32 are normalised: an output of 0 would hide that a run
 * diverged.
 */
export function expectLargeRowsNormalised(backend: Backend): void {
  const [x, out, rstd] = [
    mat(backend.real, LARGE.length, WIDTH, 'x'),
    mat(backend.real, LARGE.length, WIDTH, 'out'),
    mat(backend.real, LARGE.length, 1, 'rstd'),
  ];
  LARGE.forEach((size, row) => {
    for (let d = 0; d < WIDTH; d++) x.data[row * WIDTH + d] = d % 2 ? size : -size;
  });
  backend.kernels.rmsNorm(out, rstd, x, null, 1e-6);
  out.data.forEach((value: number, i: number) => {
    if (!(Math.abs(value - (i % 2 ? 1 : -1)) <= 1e-5))
      throw new Error(`${backend.name} rmsNorm out[${i}] of values like ${x.data[i]} is ${value}`);
  });
}

/** NaN with different payloads: a kernel that computes with exponent bits could turn them into numbers. */
const NAN_BITS = [0x7fc00000, 0x7fc00001, 0x7fffffff, 0xffc01234];

/** Throws unless the kernels that have an exponential or round to bf16 pass on a NaN of any payload. */
export function expectNanPasses(backend: Backend): void {
  const cols = 40;
  const x = mat('f32', 1, cols, 'x') as Tensor<'f32'>;
  const [out, slope, nats] = [
    mat('f32', 1, cols, 'out'),
    mat('f32', 1, cols, 'slope'),
    mat('f32', 1, 1, 'nats'),
  ];
  const targets = {
    offsets: tensor('i32', 2, 1, 'offsets'),
    ids: tensor('i32', 1, 1, 'ids'),
    weights: mat('f32', 1, 1, 'w'),
  };
  const [product, ones] = [mat('f32', 1, 1, 'product'), mat('f32', 1, cols, 'ones')];
  ones.data.fill(1);
  targets.offsets.data[1] = 1;
  targets.weights.data[0] = 1;
  const bits = new Uint32Array(x.data.buffer);
  for (const nan of NAN_BITS) {
    // In a whole register and in a tail.
    for (const at of [3, cols - 1]) {
      x.data.fill(0.5);
      bits[at] = nan;
      for (const fn of ACTIVATION_FNS) {
        backend.kernels.activation(out, slope, x, fn);
        // The slope of relu is a choice between two numbers.
        const found = fn === 'relu' ? [out.data[at]] : [out.data[at], slope.data[at]];
        if (!found.every(Number.isNaN)) throw new Error(`${backend.name}: ${fn} of NaN is ${found}`);
      }
      backend.kernels.softmaxCrossEntropy(nats, null, x, targets, 1, 0, 0);
      backend.kernels.matmulTransB(product, x, ones, 'bf16');
      if (![nats.data[0], product.data[0]].every(Number.isNaN))
        throw new Error(`${backend.name}: NaN ${nan.toString(16)} became a number`);
    }
  }
}

/** Throws unless NaN that is dropped stays NaN: zeros in its place would hide that a run diverged. */
export function expectDroppedNanPasses(backend: Backend): void {
  // A whole group of random numbers and a part of one.
  const [x, out] = [mat(backend.real, 1, 100, 'x'), mat(backend.real, 1, 100, 'out')];
  x.data.fill(Number.NaN);
  backend.kernels.dropout(out, x, 0.9, 1, 0, 0, 0);
  const lost = out.data.findIndex((value: number) => !Number.isNaN(value));
  if (lost >= 0) throw new Error(`${backend.name}: dropout makes ${out.data[lost]} of NaN [${lost}]`);
}
