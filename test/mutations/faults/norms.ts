import type { Mutation } from '../check.ts';
import { kernel, like } from './kernel-fault.ts';

export const NORM_FAULTS: readonly Mutation[] = [
  kernel(
    'gain-gradient',
    'rmsNormGrad',
    'the gain gets no gradient',
    (k) => (dx, _acc, dy, x, gain, rstd) => k.rmsNormGrad(dx, null, dy, x, gain, rstd),
  ),
  kernel(
    'norm-mean-term',
    'rmsNormGrad',
    'the term with mean(u * x) is missing',
    (k) => (dx, acc, dy, x, gain, rstd) => {
      k.rmsNormGrad(dx, acc, dy, x, gain, rstd);
      for (let i = 0; i < dx.data.length; i++)
        dx.data[i] = rstd.data[Math.floor(i / dx.cols)]! * dy.data[i]! * (gain?.data[i % dx.cols] ?? 1);
    },
  ),
  kernel('rstd-eps', 'rmsNorm', 'the saved 1 / rms leaves out eps', (k) => (out, rstd, x, gain, eps) => {
    k.rmsNorm(out, rstd, x, gain, eps);
    k.rmsNorm(like(out, 0), rstd, x, gain, 0);
  }),
  kernel(
    'zero-row',
    'rmsNorm',
    'a row of zeros gives NaN',
    (k) => (out, rstd, x, gain) => k.rmsNorm(out, rstd, x, gain, 0),
  ),
  kernel(
    'layer-norm-mean-term',
    'normalizeGrad',
    'the term with mean(u) is missing',
    (k) => (dx, accGain, accBias, dy, x, gain, mean, rstd) => {
      k.normalizeGrad(dx, accGain, accBias, dy, x, gain, mean, rstd);
      const cols = x.cols / mean.cols;
      for (let g = 0; g < mean.data.length; g++) {
        let sum = 0;
        for (let i = g * cols; i < (g + 1) * cols; i++) sum += dy.data[i]! * (gain?.data[i % x.cols] ?? 1);
        for (let i = g * cols; i < (g + 1) * cols; i++) dx.data[i]! += (rstd.data[g]! * sum) / cols;
      }
    },
  ),
  kernel(
    'group-norm-one-group',
    'normalize',
    'groups are normalised by the mean of the first',
    (k) => (out, mean, rstd, x, gain, bias, eps) => {
      k.normalize(out, mean, rstd, x, gain, bias, eps);
      const cols = x.cols / mean.cols;
      for (let i = 0; i < x.data.length; i++) {
        const [g, first] = [Math.floor(i / cols), Math.floor(i / x.cols) * mean.cols];
        const shift = (mean.data[g]! - mean.data[first]!) * rstd.data[g]!;
        out.data[i]! += shift * (gain?.data[i % x.cols] ?? 1);
      }
    },
  ),
  kernel(
    'group-norm-all-documents',
    'normalizeOverTime',
    'means are taken over all documents of a sequence',
    (k) => (out, mean, rstd, x, gain, bias, eps, _starts, seqLen) =>
      k.normalizeOverTime(out, mean, rstd, x, gain, bias, eps, null, seqLen),
  ),
];
