import type { Kernels } from '../../core/kernels.ts';

export const scaleGroups: Kernels['scaleGroups'] = (out, x, w) => {
  const cols = x.cols / w.cols;
  for (let i = 0; i < x.data.length; i++) out.data[i] = w.data[Math.floor(i / cols)]! * x.data[i]!;
};

export const scaleGroupsGrad: Kernels['scaleGroupsGrad'] = (outDx, outDw, dy, x, w) => {
  const cols = x.cols / w.cols;
  for (let g = 0; g < w.data.length; g++) {
    let sum = 0;
    for (let i = g * cols; i < (g + 1) * cols; i++) {
      outDx.data[i] = w.data[g]! * dy.data[i]!;
      sum += dy.data[i]! * x.data[i]!;
    }
    outDw.data[g] = sum;
  }
};
