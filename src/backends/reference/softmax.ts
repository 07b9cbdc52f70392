import type { Kernels } from '../../core/kernels.ts';

export const softmax: Kernels['softmax'] = (out, x, factor) => {
  const D = x.cols;
  for (let i = 0; i < x.rows; i++) {
    let max = Number.NEGATIVE_INFINITY;
    for (let d = 0; d < D; d++) max = Math.max(max, factor * x.data[i * D + d]!);
    let sum = 0;
    for (let d = 0; d < D; d++) sum += Math.exp(factor * x.data[i * D + d]! - max);
    for (let d = 0; d < D; d++) out.data[i * D + d] = Math.exp(factor * x.data[i * D + d]! - max) / sum;
  }
};

export const softmaxGrad: Kernels['softmaxGrad'] = (outDx, dp, p, factor) => {
  const D = p.cols;
  for (let i = 0; i < p.rows; i++) {
    let mean = 0;
    for (let d = 0; d < D; d++) mean += p.data[i * D + d]! * dp.data[i * D + d]!;
    for (let d = 0; d < D; d++)
      outDx.data[i * D + d] = factor * p.data[i * D + d]! * (dp.data[i * D + d]! - mean);
  }
};
