import type { Kernels } from '../../core/kernels.ts';

export const add: Kernels['add'] = (out, a, b) => {
  for (let i = 0; i < a.data.length; i++) out.data[i] = a.data[i]! + b.data[i]!;
};

export const multiply: Kernels['multiply'] = (out, a, b) => {
  for (let i = 0; i < a.data.length; i++) out.data[i] = a.data[i]! * b.data[i]!;
};

export const scale: Kernels['scale'] = (x, factor) => {
  for (let i = 0; i < x.data.length; i++) x.data[i]! *= factor;
};

export const sumSquares: Kernels['sumSquares'] = (x) => {
  let sum = 0;
  for (let i = 0; i < x.data.length; i++) sum += x.data[i]! ** 2;
  return sum;
};
