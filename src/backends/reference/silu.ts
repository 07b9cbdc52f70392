import type { Kernels } from '../../core/kernels.ts';

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

export const silu: Kernels['silu'] = (out, outSlope, x) => {
  for (let i = 0; i < x.data.length; i++) {
    const s = sigmoid(x.data[i]!);
    out.data[i] = x.data[i]! * s;
    if (outSlope) outSlope.data[i] = s * (1 + x.data[i]! * (1 - s));
  }
};

export const siluGrad: Kernels['siluGrad'] = (outDx, dy, slope) => {
  for (let i = 0; i < slope.data.length; i++) outDx.data[i] = dy.data[i]! * slope.data[i]!;
};
