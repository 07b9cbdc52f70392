import type { Kernels } from '../../core/kernels.ts';
import { begins } from './document-starts.ts';

export const runningMean: Kernels['runningMean'] = (out, state, x, starts, seqLen) => {
  const D = out.cols;
  for (let s = 0; s < state.rows; s++) {
    const sums = state.data.subarray(s * (D + 1), (s + 1) * (D + 1));
    for (let i = s * seqLen; i < (s + 1) * seqLen; i++) {
      if (begins(starts, i, seqLen)) sums.fill(0);
      sums[D]! += 1;
      for (let d = 0; d < D; d++) {
        // Rounded row by row, so that it does not matter how a sequence is cut into calls.
        sums[d]! += x.data[i * D + d]!;
        out.data[i * D + d] = sums[d]! / sums[D]!;
      }
    }
  }
};

export const runningMeanGrad: Kernels['runningMeanGrad'] = (outDx, dy, starts, seqLen) => {
  const D = dy.cols;
  for (let d = 0; d < D; d++) {
    let sum = 0;
    for (let i = dy.rows - 1; i >= 0; i--) {
      const t = i % seqLen;
      sum += dy.data[i * D + d]! / (t - (starts?.data[i] ?? 0) + 1);
      outDx.data[i * D + d] = sum;
      if (t === 0 || begins(starts, i, seqLen)) sum = 0;
    }
  }
};
