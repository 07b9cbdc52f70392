import type { Kernels } from '../../core/kernels.ts';
import { rowChunks } from './row-chunks.ts';

/** Zhang and Sennrich 2019. */
export const rmsNorm: Kernels['rmsNorm'] = (out, outRstd, x, gain, eps) => {
  const D = x.cols;
  for (let i = 0; i < x.rows; i++) {
    let squares = 0;
    for (let d = 0; d < D; d++) squares += x.data[i * D + d]! ** 2;
    const r = 1 / Math.sqrt(squares / D + eps);
    outRstd.data[i] = r;
    for (let d = 0; d < D; d++) out.data[i * D + d] = r * x.data[i * D + d]! * (gain ? gain.data[d]! : 1);
  }
};

export const rmsNormGrad: Kernels['rmsNormGrad'] = (outDx, accGain, dy, x, gain, rstd) => {
  const D = x.cols;
  for (let i = 0; i < x.rows; i++) {
    const r = rstd.data[i]!;
    let ux = 0;
    for (let d = 0; d < D; d++) ux += dy.data[i * D + d]! * (gain ? gain.data[d]! : 1) * x.data[i * D + d]!;
    const pull = (r * r * ux) / D;
    for (let d = 0; d < D; d++) {
      const u = dy.data[i * D + d]! * (gain ? gain.data[d]! : 1);
      outDx.data[i * D + d] = r * (u - x.data[i * D + d]! * pull);
    }
  }
  if (!accGain) return;
  for (const [start, end] of rowChunks(x.rows)) {
    for (let d = 0; d < D; d++) {
      let sum = 0;
      for (let i = start; i < end; i++) sum += dy.data[i * D + d]! * x.data[i * D + d]! * rstd.data[i]!;
      accGain.data[d]! += sum;
    }
  }
};
