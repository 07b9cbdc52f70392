import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diff } from '../../src/backends/diff/diff.ts';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { inputsOf, variants } from '../../src/core/ops/inputs.ts';
import { dimsNear, freeSymbols } from '../../src/core/ops/op-dims.ts';
import { arePositive } from '../../src/core/ops/spec.ts';
import { OP_NAMES } from '../../src/core/ops/table.ts';
import type { Mat } from '../../src/core/tensor.ts';
import { mat, type SparseTargets, tensor } from '../../src/core/tensor.ts';
import { runOp } from '../../src/verify/op-run.ts';
import { BACKENDS } from '../properties/models.ts';

const f64 = createReferenceBackend('f64');

/** How the rows of real inputs are: as drawn, all the same, one of them zero, all zero. */
const ROWS = ['drawn', 'equal', 'one zero', 'zero'] as const;

describe.each(BACKENDS)('diff(%s, reference:f64)', (_, create) => {
  const backend = diff(f64)(create());

  it.each(OP_NAMES)('diff raises no false alarm on %s with one row, one column or equal rows', (op) => {
    const size = fc.constantFrom(1, 1, 2, 3, 17);
    const dims = fc
      .record(Object.fromEntries(freeSymbols(op).map((symbol) => [symbol, size])))
      .map((sizes) => dimsNear(op, (symbol) => sizes[symbol]!));
    fc.assert(
      fc.property(
        dims,
        fc.nat(1000),
        fc.nat(variants(op) - 1),
        fc.constantFrom(...ROWS),
        (dims, seed, variant, rows) => {
          const inputs = inputsOf({ op, dims, seed, variant });
          for (const input of inputs) {
            if (
              typeof input !== 'object' ||
              !input.values ||
              input.arg.dtype !== 'real' ||
              input.arg.role === 'out'
            )
              continue;
            const { cols, values } = input;
            if (rows === 'equal') for (let i = cols; i < values.length; i++) values[i] = values[i - cols]!;
            if (arePositive(input.arg.values)) continue;
            if (rows === 'zero') values.fill(0);
            if (rows === 'one zero') values.fill(0, 0, cols);
          }
          runOp(backend, op, inputs);
        },
      ),
      { numRuns: 60, seed: 3 },
    );
  });

  it('diff allows for the cancellation in the gradient of a one-column norm', () => {
    const m = (label: string, ...values: number[]): Mat => {
      const t = mat('f32', values.length, 1, label);
      (t.data as Float32Array).set(values);
      return t;
    };
    const x = m('x', 0.5, -1.25, 2, 0.03);
    const dy = m('dy', 1, 0.3, -0.7, 2);
    const [rstd, y, dx] = ['rstd', 'y', 'dx'].map((label) => m(label, 0, 0, 0, 0));
    backend.kernels.rmsNorm(y!, rstd!, x, null, 1e-6);
    expect(() => backend.kernels.rmsNormGrad(dx!, null, dy, x, null, rstd!)).not.toThrow();
  });

  it('diff allows for the cancellation in a row whose counts match its probabilities', () => {
    const [rows, vocab] = [2, 6];
    const z = mat('f32', rows, vocab, 'z');
    const weights = mat('f32', rows * vocab, 1, 'weights');
    for (let i = 0; i < z.data.length; i++) {
      z.data[i] = 3 * Math.sin(i + 1);
      // Counts as the logits have them, to a part in a million.
      weights.data[i] = 1000 * Math.exp(z.data[i]!) * (1 + 1e-6 * Math.cos(i));
    }
    const ids = tensor('i32', rows * vocab, 1, 'ids');
    ids.data.set(Array.from({ length: rows * vocab }, (_, i) => i % vocab));
    const offsets = tensor('i32', rows + 1, 1, 'offsets');
    offsets.data.set([0, vocab, 2 * vocab]);
    const targets: SparseTargets = { offsets, ids, weights };
    const [nats, dz] = [mat('f32', rows, 1, 'nats'), mat('f32', rows, vocab, 'dz')];
    expect(() => backend.kernels.softmaxCrossEntropy(nats, dz, z, targets, 1e-3, 0, 0)).not.toThrow();
  });
});

describe('a kernel that is wrong', () => {
  const f32 = createReferenceBackend('f32');
  const wrong = (factor: number) =>
    diff(f64)({
      ...f32,
      kernels: {
        ...f32.kernels,
        rmsNormGrad: (dx, ...rest) => {
          f32.kernels.rmsNormGrad(dx, ...rest);
          for (let i = 0; i < dx.cols; i++) dx.data[i]! *= factor;
        },
        matmul: (out, a, b, precision) => {
          f32.kernels.matmul(out, a, b, precision);
          out.data[0]! += factor - 1;
        },
      },
    });
  const filled = (label: string, rows: number, cols: number, scale: (row: number) => number): Mat => {
    const m = mat('f32', rows, cols, label);
    for (let i = 0; i < m.data.length; i++)
      m.data[i] = Math.sin((i + 1) * label.length) * scale(Math.floor(i / cols));
    return m;
  };

  it('a wrong kernel is found in one small row beside large ones', () => {
    const [x, dy] = [filled('x', 40, 8, () => 1), filled('dy', 40, 8, (row) => (row ? 1000 : 1e-3))];
    const [y, rstd, dx] = [mat('f32', 40, 8, 'y'), mat('f32', 40, 1, 'rstd'), mat('f32', 40, 8, 'dx')];
    f32.kernels.rmsNorm(y, rstd, x, null, 1e-6);
    const grad = (factor: number) => () => wrong(factor).kernels.rmsNormGrad(dx, null, dy, x, null, rstd);
    expect(grad(1)).not.toThrow();
    expect(grad(1.001)).toThrow(/^rmsNormGrad: 'outDx' \(row 0, /);
  });

  it('a wrong kernel is found where its terms cancel, if its error exceeds their rounding', () => {
    const [a, b, out] = [mat('f32', 1, 300, 'a'), mat('f32', 300, 1, 'b'), mat('f32', 1, 1, 'out')];
    for (let i = 0; i < 300; i++) [a.data[i], b.data[i]] = [1 + Math.sin(i), i % 2 ? -1 : 1];
    let sum = 0;
    for (let i = 0; i < 299; i++) sum += a.data[i]! * b.data[i]!;
    a.data[299] = sum + 1e-6;
    const product = (factor: number) => () => wrong(factor).kernels.matmul(out, a, b, 'f32');
    expect(product(1)).not.toThrow();
    expect(product(1 + 1e-2)).toThrow(/^matmul: 'out' \(row 0, column 0\)/);
  });
});
