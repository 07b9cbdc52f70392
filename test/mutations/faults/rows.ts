import type { Mat } from '../../../src/core/tensor.ts';
import type { Mutation } from '../check.ts';
import { changed, keeping, kernel, like, passing, withoutScale } from './kernel-fault.ts';

/** Kernels that go by rows or elements, and products. */
export const ROW_FAULTS: readonly Mutation[] = [
  kernel(
    'add-subtracts',
    'add',
    'the second matrix is subtracted',
    passing('add', { b: (b: Mat) => changed(b, 0, (value) => -value) }),
  ),
  kernel(
    'factor-sign',
    'multiply',
    'the sign of a factor is lost',
    passing('multiply', { b: (b: Mat) => changed(b, 0, Math.abs) }),
  ),
  kernel(
    'scaled-twice',
    'scale',
    'the factor is applied twice',
    passing('scale', { factor: (factor: number) => factor * factor }),
  ),
  kernel(
    'scale-add-weight',
    'scaleAdd',
    'the weight is taken for 1',
    passing('scaleAdd', { weight: (weight: Mat) => like(weight, 1) }),
  ),
  kernel(
    'scale-add-gradient-alone',
    'scaleAddGrad',
    "the weight's gradient is the sum of b, without dy",
    passing('scaleAddGrad', { dy: (dy: Mat) => like(dy, 1) }),
  ),
  kernel(
    'slice-from-first',
    'sliceColumns',
    'a slice begins with the first column',
    passing('sliceColumns', { at: () => 0 }),
  ),
  kernel(
    'gate-halves',
    'gateGrad',
    'each half of the columns gets the gradient of the other',
    (k) => (dx, dy, factors) => {
      const { data, cols } = factors;
      const swapped = data.map((_, i) => data[i % cols < cols / 2 ? i + cols / 2 : i - cols / 2]!);
      k.gateGrad(dx, dy, { ...factors, data: swapped } as Mat);
    },
  ),
  kernel(
    'group-gate-mean',
    'scaleGroupsGrad',
    'the gradient of a gate is the mean over its group, not the sum',
    (k) => (dx, dw, dy, x, w) => {
      k.scaleGroupsGrad(dx, dw, dy, x, w);
      for (let i = 0; i < dw.data.length; i++) dw.data[i]! /= x.cols / w.cols;
    },
  ),
  kernel(
    'sigmoid-scale-complement',
    'sigmoidScale',
    'the scale is 1 less the sigmoid',
    passing('sigmoidScale', { logit: (logit: Mat) => changed(logit, 0, (value) => -value) }),
  ),
  kernel('cap-clips', 'softCap', 'logits beyond the cap are cut off', () => (z, cap) => {
    for (let i = 0; i < z.data.length; i++) z.data[i] = Math.max(-cap, Math.min(cap, z.data[i]!));
  }),
  kernel('softmax-unscaled', 'softmax', 'the factor is left out', passing('softmax', { factor: () => 1 })),
  kernel(
    'delay-state-lost',
    'delay',
    'the rows before a call count as zeros',
    (k) =>
      (out, state, ...rest) => {
        state.data.fill(0);
        k.delay(out, state, ...rest);
      },
  ),
  kernel(
    'delay-off-by-one',
    'delayGrad',
    'a gradient goes back one row too few',
    passing('delayGrad', { by: (rows: number) => rows - 1 }),
  ),
  kernel(
    'group-norm-mean-kept',
    'normalizeOverTimeGrad',
    'the mean is not taken off what backward multiplies with',
    passing('normalizeOverTimeGrad', { mean: (mean: Mat) => like(mean, 0) }),
  ),
  kernel(
    'learned-scale-of-first',
    'quantizeWeightBy',
    'all rows are quantised by the first scale',
    passing('quantizeWeightBy', { learned: (s: Mat) => like(s, s.data[0]!) }),
  ),
  kernel(
    'float-product-scale',
    'ternaryMatmulFloat',
    "the weights' scale is missing in the product with float activations",
    (k) => (out, x, w, precision) => k.ternaryMatmulFloat(out, x, withoutScale(w), precision),
  ),
  kernel(
    'product-last-row',
    'matmul',
    'the last row is not written where rows are odd',
    (k) =>
      (out, ...rest) =>
        keeping(
          out,
          (row) => out.rows % 2 === 1 && row === out.rows - 1,
          () => k.matmul(out, ...rest),
        ),
  ),
  kernel(
    'product-added',
    'matmulTransB',
    'the product is added to what the memory held',
    (k) =>
      (out, ...rest) => {
        const before = out.data.slice();
        k.matmulTransB(out, ...rest);
        for (let i = 0; i < before.length; i++) out.data[i]! += before[i]!;
      },
  ),
];
