import type { Kernels } from '../../core/kernels.ts';
import { begins } from './document-starts.ts';

export const scan: Kernels['scan'] = (out, state, x, starts, seqLen) => {
  const D = out.cols;
  for (let s = 0; s < state.rows; s++) {
    for (let d = 0; d < D; d++) {
      for (let i = s * seqLen; i < (s + 1) * seqLen; i++) {
        const [f, c] = [x.data[2 * i * D + d]!, x.data[2 * i * D + D + d]!];
        const before = begins(starts, i, seqLen) ? 0 : state.data[s * D + d]!;
        // Rounded row by row, so that it does not matter how a sequence is cut into calls.
        state.data[s * D + d] = f * before + c;
        out.data[i * D + d] = state.data[s * D + d]!;
      }
    }
  }
};

export const scanGrad: Kernels['scanGrad'] = (outDx, dy, x, y, starts, seqLen) => {
  const D = dy.cols;
  for (let s = 0; s < dy.rows / seqLen; s++) {
    for (let d = 0; d < D; d++) {
      let fromNext = 0;
      for (let i = (s + 1) * seqLen - 1; i >= s * seqLen; i--) {
        const isFirst = i === s * seqLen || begins(starts, i, seqLen);
        const e = dy.data[i * D + d]! + fromNext;
        outDx.data[2 * i * D + d] = isFirst ? 0 : e * y.data[(i - 1) * D + d]!;
        outDx.data[2 * i * D + D + d] = e;
        fromNext = isFirst ? 0 : x.data[2 * i * D + d]! * e;
      }
    }
  }
};
