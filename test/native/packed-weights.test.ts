import { afterAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/core/backend.ts';
import { FLOAT_PRECISIONS, PRECISIONS, type Precision } from '../../src/core/compute.ts';
import { Random } from '../../src/core/random.ts';
import {
  type Bytes,
  type Codes,
  mat,
  type Quantized,
  type TernaryWeight,
  tensor,
} from '../../src/core/tensor.ts';
import { nativeVariants } from '../conformance/backends.ts';

/** Multiples of no tile size, and more than one panel and one step of bit planes. */
const [M, N, K] = [7, 53, 77];

const random = new Random(4, 'packed');
const codesOf = (rows: number, cols: number, draw: () => number): Codes => {
  const codes = tensor('i8', rows, cols, 'codes') as Codes;
  for (let i = 0; i < codes.data.length; i++) codes.data[i] = draw();
  return codes;
};
const reals = (rows: number, cols: number) => {
  const m = mat('f32', rows, cols, 'm');
  for (let i = 0; i < m.data.length; i++) m.data[i] = random.normal();
  return m;
};
const one = reals(1, 1);
const weights = codesOf(N, K, () => (random.uint32() % 3) - 1);
const others = codesOf(N, K, () => (random.uint32() % 3) - 1);
const [x, dy] = [reals(M, K), reals(M, N)];
const quantized = (draw: () => number): Quantized => ({ codes: codesOf(M, K, draw), scale: reals(M, 1) });
const operands = [quantized(() => (random.uint32() % 3) - 1), quantized(() => (random.uint32() % 255) - 127)];

/** The outputs of every op that takes packed weights. */
function products({ kernels: k }: Backend, packed: Bytes): Buffer {
  const w: TernaryWeight = { codes: weights, scale: one, rowScale: null, packed };
  const outs: Uint8Array[] = [];
  const out = (rows: number, cols: number) => {
    const m = mat('f32', rows, cols, 'out');
    outs.push(new Uint8Array(m.data.buffer));
    return m;
  };
  for (const operand of operands) k.ternaryMatmul(out(M, N), operand, w);
  for (const precision of FLOAT_PRECISIONS) k.ternaryMatmulFloat(out(M, N), x, w, precision);
  for (const precision of PRECISIONS) k.ternaryMatmulGradX(out(M, K), dy, w, precision);
  return Buffer.concat(outs);
}

describe.each(nativeVariants())('$name', ({ create }) => {
  const backend = create(1);
  afterAll(() => backend.dispose());
  const { kernels: k } = backend;
  const size = backend.packedTernaryBytes(N, K);
  /** Memory that held something else before, `shift` bytes past a boundary. */
  const memory = (shift = 0): Bytes =>
    tensor(
      'u8',
      1,
      size,
      'packed',
      backend
        .allocate(size + 64)
        .fill(0xa5)
        .subarray(shift),
    ) as Bytes;
  const expected = (() => {
    const packed = memory();
    packed.data.fill(0);
    k.packTernary(packed, weights, 'f32');
    return products(backend, packed);
  })();

  it.each(PRECISIONS)('weights packed for %s give every op the same bits, at any alignment', (precision) => {
    for (const shift of [0, 1, 2, 4]) {
      const packed = memory(shift);
      k.packTernary(packed, weights, precision);
      expect(products(backend, packed).equals(expected)).toBe(true);
    }
  });

  it('weights packed over others, for any precision, overwrite them completely', () => {
    const pairs = PRECISIONS.flatMap((first) =>
      PRECISIONS.map((second): [Precision, Precision] => [first, second]),
    );
    for (const [first, second] of pairs) {
      const packed = memory();
      k.packTernary(packed, others, first);
      k.packTernary(packed, weights, second);
      expect(products(backend, packed).equals(expected), `${first}, then ${second}`).toBe(true);
    }
  });
});
