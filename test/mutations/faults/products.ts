import type { Mat } from '../../../src/core/tensor.ts';
import type { Mutation } from '../check.ts';
import { keeping, kernel, withoutScale } from './kernel-fault.ts';

export const PRODUCT_FAULTS: readonly Mutation[] = [
  {
    ...kernel(
      'grad-w-scale',
      'ternaryMatmulGradW',
      "the activations' scale is missing in the weight gradient",
      (k) => (acc, dy, x, precision) => k.ternaryMatmulGradW(acc, dy, withoutScale(x), precision),
    ),
    historical: true,
  },
  {
    ...kernel(
      'grad-x-scale',
      'ternaryMatmulGradX',
      "the weights' scale is missing in the input gradient",
      (k) => (dx, dy, w, precision) => k.ternaryMatmulGradX(dx, dy, withoutScale(w), precision),
    ),
    historical: true,
  },
  kernel(
    'row-scale-forgotten',
    'ternaryMatmul',
    "the scales of the weights' rows are missing in the product",
    (k) => (out, x, w) => k.ternaryMatmul(out, x, { ...w, rowScale: null }),
  ),
  kernel(
    'row-scale-of-dx',
    'ternaryMatmulGradX',
    "the scales of the weights' rows are missing in the input gradient",
    (k) => (dx, dy, w, precision) => k.ternaryMatmulGradX(dx, dy, { ...w, rowScale: null }, precision),
  ),
  kernel(
    'row-scale-floor',
    'quantizeWeightRows',
    'a row of zeros has the scale 0',
    (k) => (codes, scale, w, rule) => {
      k.quantizeWeightRows(codes, scale, w, rule);
      for (let j = 0; j < w.rows; j++) {
        const row = w.data.subarray(j * w.cols, (j + 1) * w.cols);
        if (row.every((v) => v === 0)) scale.data[j] = 0;
      }
    },
  ),
  kernel(
    'blend-inverted',
    'blendTernary',
    'the share is that of the float weights',
    (k) => (out, w, master, share) => k.blendTernary(out, w, master, 1 - share),
  ),
  kernel(
    'dequantize-scale',
    'dequantizeRows',
    "the rows' scales are left out",
    (k) => (out, x) => k.dequantizeRows(out, withoutScale(x)),
  ),
  kernel(
    'learned-unclipped',
    'learnedScaleGrad',
    'weights beyond the outer codes get a gradient too',
    (k) => (accW, accScale, dw, w, scale) => {
      k.learnedScaleGrad(accW, accScale, dw, w, scale);
      const each = w.data.length / scale.rows;
      for (let i = 0; i < w.data.length; i++)
        if (Math.abs(w.data[i]!) >= scale.data[Math.floor(i / each)]!) accW.data[i]! += dw.data[i]!;
    },
  ),
  kernel(
    'tile-last-column',
    'ternaryMatmul',
    'the column after the last whole tile of 16 is not written',
    (k) => (out, x, w) =>
      keeping(
        out,
        (_, col) => out.cols % 16 === 1 && col === out.cols - 1,
        () => k.ternaryMatmul(out, x, w),
      ),
  ),
  kernel(
    'block-last-row',
    'matmulTransA',
    'the last row is left out of the sum where rows are no multiple of 4',
    (k) => (acc, a, b, precision) => {
      const cut = (m: Mat): Mat =>
        m.rows % 4 === 1
          ? ({ ...m, rows: m.rows - 1, data: m.data.subarray(0, (m.rows - 1) * m.cols) } as Mat)
          : m;
      k.matmulTransA(acc, cut(a), cut(b), precision);
    },
  ),
  kernel('code-sign', 'quantizeRows', 'negative values get positive codes', (k) => (codes, s, x, rule) => {
    k.quantizeRows(codes, s, x, rule);
    for (let i = 0; i < codes.data.length; i++) codes.data[i] = Math.abs(codes.data[i]!);
  }),
  kernel(
    'tie-kept',
    'quantizeRows',
    'a value exactly on the threshold is kept (>= for >)',
    (k) => (codes, s, x, rule) => {
      k.quantizeRows(codes, s, x, rule);
      if (rule === 'int8') return;
      for (let i = 0; i < x.rows; i++) {
        const row = Array.from(x.data.subarray(i * x.cols, (i + 1) * x.cols));
        const threshold = 0.6745 * (row.reduce((sum, v) => sum + Math.abs(v), 0) / x.cols);
        row.forEach((v, j) => {
          if (Math.abs(v) === threshold) codes.data[i * x.cols + j] = Math.sign(v);
        });
      }
    },
  ),
  kernel(
    'threshold-rounded',
    'quantizeWeight',
    'the threshold is rounded to float32 before the comparison',
    (k) => (codes, s, w, rule) => {
      k.quantizeWeight(codes, s, w, rule);
      const threshold = Math.fround(0.5 * s.data[0]!);
      for (let i = 0; i < w.data.length; i++)
        codes.data[i] = Math.abs(w.data[i]!) > threshold ? Math.sign(w.data[i]!) : 0;
    },
  ),
  kernel(
    'int8-half-up',
    'quantizeRows',
    'int8 rounds halves up, not to the even neighbour',
    (k) => (codes, s, x, rule) => {
      k.quantizeRows(codes, s, x, rule);
      if (rule !== 'int8') return;
      for (let i = 0; i < x.data.length; i++) {
        const q = Math.fround(x.data[i]! / s.data[Math.floor(i / x.cols)]!);
        if (Math.abs(q % 1) === 0.5) codes.data[i] = Math.min(127, Math.round(q));
      }
    },
  ),
  kernel(
    'int8-scale-128',
    'quantizeRows',
    'the int8 scale is max / 128, not max / 127',
    (k) => (codes, s, x, rule) => {
      k.quantizeRows(codes, s, x, rule);
      if (rule === 'int8') for (let i = 0; i < s.data.length; i++) s.data[i]! *= 127 / 128;
    },
  ),
  kernel(
    'accumulator-overwritten',
    'ternaryMatmulGradW',
    'the accumulator is overwritten, not added to',
    (k) => (acc, dy, x, precision) => {
      acc.data.fill(0);
      k.ternaryMatmulGradW(acc, dy, x, precision);
    },
  ),
  kernel(
    'sum-order',
    'matmulTransA',
    'sums run over all rows at once, not chunk by chunk, so block sizes show in the bits',
    () => (acc, a, b) => {
      for (let i = 0; i < acc.rows; i++) {
        for (let j = 0; j < acc.cols; j++) {
          let sum = 0;
          for (let r = 0; r < a.rows; r++) sum += a.data[r * a.cols + i]! * b.data[r * b.cols + j]!;
          acc.data[i * acc.cols + j]! += sum;
        }
      }
    },
  ),
];
