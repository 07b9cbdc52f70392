import type { Kernels } from '../../core/kernels.ts';
import { rowChunks } from './row-chunks.ts';

export const scaleAdd: Kernels['scaleAdd'] = (out, a, b, weight) => {
  const w = weight.data[0]!;
  for (let i = 0; i < b.data.length; i++) out.data[i] = (a ? a.data[i]! : 0) + w * b.data[i]!;
};

export const scaleAddGrad: Kernels['scaleAddGrad'] = (accWeight, dy, b) => {
  for (const [start, end] of rowChunks(b.rows)) {
    let sum = 0;
    for (let i = start * b.cols; i < end * b.cols; i++) sum += dy.data[i]! * b.data[i]!;
    accWeight.data[0]! += sum;
  }
};
