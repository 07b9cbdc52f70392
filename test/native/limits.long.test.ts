import { describe, expect, it } from 'vitest';
import { inputsOf, variants } from '../../src/core/ops/inputs.ts';
import { dimsNear } from '../../src/core/ops/op-dims.ts';
import { OP_NAMES } from '../../src/core/ops/table.ts';
import { Random } from '../../src/core/random.ts';
import { type Bytes, type Codes, mat, tensor } from '../../src/core/tensor.ts';
import { runOp } from '../../src/verify/op-run.ts';
import { nativeVariants } from '../conformance/backends.ts';
import { expectSameBits } from '../conformance/compare.ts';

/** As many as the op table allows. */
const COLS = 4_194_304;

describe.each(nativeVariants())('$name', ({ create }) => {
  it('ternaryMatmul sums the largest number of columns it accepts exactly', () => {
    const backend = create(2);
    const { kernels: k } = backend;
    const random = new Random(5, 'limits');
    const [w, x] = [tensor('i8', 1, COLS, 'w') as Codes, tensor('i8', 3, COLS, 'x') as Codes];
    const expected = [0, 0, 0];
    for (let i = 0; i < COLS; i++) {
      // The largest sum, the smallest, and any.
      w.data[i] = i % 1000 === 0 ? 0 : 1;
      const codes = [127, -127, (random.uint32() % 255) - 127];
      for (let row = 0; row < 3; row++) {
        x.data[row * COLS + i] = codes[row]!;
        expected[row]! += codes[row]! * w.data[i]!;
      }
    }
    const packed = tensor('u8', 1, backend.packedTernaryBytes(1, COLS), 'packed') as Bytes;
    k.packTernary(packed, w, 'f32');
    const [out, rows, one] = [mat('f32', 3, 1, 'out'), mat('f32', 3, 1, 'rows'), mat('f32', 1, 1, 'one')];
    rows.data.fill(1);
    one.data.fill(1);
    k.ternaryMatmul(out, { codes: x, scale: rows }, { codes: w, scale: one, rowScale: null, packed });
    expect([...out.data]).toEqual(expected.map(Math.fround));
    backend.dispose();
  });

  it.each(OP_NAMES)('%s gives the same bits on 64 threads as on one', (op) => {
    const [alone, many] = [create(1), create(64)];
    const given: Readonly<Record<string, number>> = { M: 2100, S: 525, T: 4 };
    const dims = dimsNear(op, (s) => given[s] ?? 90);
    for (let variant = 0; variant < variants(op); variant++) {
      const inputs = inputsOf({ op, dims, seed: 6, variant });
      expectSameBits(runOp(many, op, inputs), runOp(alone, op, inputs));
    }
    alone.dispose();
    many.dispose();
  });
});
