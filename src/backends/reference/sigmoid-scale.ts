import type { Kernels } from '../../core/kernels.ts';
import { sigmoid } from './activation.ts';
import { rowChunks } from './row-chunks.ts';

export const sigmoidScale: Kernels['sigmoidScale'] = (out, x, logit) => {
  const s = sigmoid(logit.data[0]!);
  for (let i = 0; i < x.data.length; i++) out.data[i] = s * x.data[i]!;
};

export const sigmoidScaleGrad: Kernels['sigmoidScaleGrad'] = (outDx, accLogit, dy, x, logit) => {
  const z = logit.data[0]!;
  for (let i = 0; i < dy.data.length; i++) outDx.data[i] = sigmoid(z) * dy.data[i]!;
  for (const [start, end] of rowChunks(x.rows)) {
    let sum = 0;
    for (let i = start * x.cols; i < end * x.cols; i++) sum += dy.data[i]! * x.data[i]!;
    accLogit.data[0]! += sum * sigmoid(z) * sigmoid(-z);
  }
};
