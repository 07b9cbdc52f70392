import type { Kernels } from '../../core/kernels.ts';
import { firstSeen } from './document-starts.ts';

export const delay: Kernels['delay'] = (out, state, x, starts, seqLen) => {
  const D = x.cols;
  const by = state.rows / (x.rows / seqLen);
  for (let s = 0; s < x.rows / seqLen; s++) {
    for (let d = 0; d < D; d++) {
      /** Row t as row `seenFrom` sees it, whose document may begin between them. */
      const rowAt = (t: number, seenFrom: number): number => {
        const first = firstSeen(starts, s * seqLen + seenFrom);
        if (first > 0 && t < first) return 0;
        return t < 0 ? state.data[(s * by + by + t) * D + d]! : x.data[(s * seqLen + t) * D + d]!;
      };
      const last = Array.from({ length: by }, (_, i) => rowAt(seqLen - by + i, seqLen - 1));
      for (let t = 0; t < seqLen; t++) out.data[(s * seqLen + t) * D + d] = rowAt(t - by, t);
      last.forEach((value, i) => {
        state.data[(s * by + i) * D + d] = value;
      });
    }
  }
};

export const delayGrad: Kernels['delayGrad'] = (outDx, dy, by, starts, seqLen) => {
  const D = dy.cols;
  for (let i = 0; i < dy.rows; i++) {
    const later = (i % seqLen) + by < seqLen && firstSeen(starts, i + by) <= i % seqLen;
    for (let d = 0; d < D; d++) outDx.data[i * D + d] = later ? dy.data[(i + by) * D + d]! : 0;
  }
};
