import type { Kernels } from '../../core/kernels.ts';

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

export const silu: Kernels['silu'] = (out, x) => {
  for (let i = 0; i < x.data.length; i++) out.data[i] = x.data[i]! * sigmoid(x.data[i]!);
};

export const siluGrad: Kernels['siluGrad'] = (outDx, dy, x) => {
  for (let i = 0; i < x.data.length; i++) {
    const s = sigmoid(x.data[i]!);
    outDx.data[i] = dy.data[i]! * s * (1 + x.data[i]! * (1 - s));
  }
};
