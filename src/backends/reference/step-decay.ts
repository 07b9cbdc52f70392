import type { Kernels } from '../../core/kernels.ts';
import { CURVES } from './activation.ts';
import { rowChunks } from './row-chunks.ts';

const { value: softplus, slope: sigmoid } = CURVES.softplus;

export const stepDecay: Kernels['stepDecay'] = (out, x, rate, bias) => {
  const D = x.cols;
  for (let i = 0; i < x.rows; i++) {
    for (let d = 0; d < D; d++) {
      const step = softplus(x.data[i * D + d]! + bias.data[d]!);
      if (out.cols > D) out.data[i * out.cols + d] = step;
      out.data[(i + 1) * out.cols - D + d] = -Math.exp(rate.data[d]!) * step;
    }
  }
};

export const stepDecayGrad: Kernels['stepDecayGrad'] = (outDx, accRate, accBias, dy, x, rate, bias) => {
  const D = x.cols;
  for (let d = 0; d < D; d++) {
    const factor = -Math.exp(rate.data[d]!);
    for (const [start, end] of rowChunks(x.rows)) {
      let [ofRate, ofBias] = [0, 0];
      for (let i = start; i < end; i++) {
        const z = x.data[i * D + d]! + bias.data[d]!;
        const ofDecay = dy.data[(i + 1) * dy.cols - D + d]!;
        const ofStep = dy.cols > D ? dy.data[i * dy.cols + d]! : 0;
        const dz = (ofStep + factor * ofDecay) * sigmoid(z);
        outDx.data[i * D + d] = dz;
        ofBias += dz;
        ofRate += ofDecay * factor * softplus(z);
      }
      accRate.data[d]! += ofRate;
      accBias.data[d]! += ofBias;
    }
  }
};
