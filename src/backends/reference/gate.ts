import type { Kernels } from '../../core/kernels.ts';
import { CURVES } from './activation.ts';

/** Shazeer 2020. */
export const gate: Kernels['gate'] = (out, outFactors, x, fn) => {
  const D = out.cols;
  const { value, slope } = CURVES[fn];
  for (let i = 0; i < out.rows; i++) {
    for (let d = 0; d < D; d++) {
      const at = 2 * i * D + d;
      const [a, b] = [x.data[at]!, x.data[at + D]!];
      out.data[i * D + d] = value(a) * b;
      if (!outFactors) continue;
      outFactors.data[at] = slope(a) * b;
      outFactors.data[at + D] = value(a);
    }
  }
};

export const gateGrad: Kernels['gateGrad'] = (outDx, dy, factors) => {
  const D = dy.cols;
  for (let i = 0; i < dy.rows; i++)
    for (let d = 0; d < 2 * D; d++)
      outDx.data[2 * i * D + d] = dy.data[i * D + (d % D)]! * factors.data[2 * i * D + d]!;
};
