import type { Kernels } from '../../core/kernels.ts';
import { rowChunks } from './row-chunks.ts';

export const addBias: Kernels['addBias'] = (out, x, bias) => {
  for (let i = 0; i < x.data.length; i++) out.data[i] = x.data[i]! + bias.data[i % x.cols]!;
};

export const addBiasGrad: Kernels['addBiasGrad'] = (accBias, dy) => {
  for (const [start, end] of rowChunks(dy.rows)) {
    for (let j = 0; j < dy.cols; j++) {
      let sum = 0;
      for (let i = start; i < end; i++) sum += dy.data[i * dy.cols + j]!;
      accBias.data[j]! += sum;
    }
  }
};
