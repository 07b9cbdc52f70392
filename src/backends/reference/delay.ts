import type { Kernels } from '../../core/kernels.ts';

export const delay: Kernels['delay'] = (out, state, x, seqLen) => {
  const D = x.cols;
  const by = state.rows / (x.rows / seqLen);
  for (let s = 0; s < x.rows / seqLen; s++) {
    for (let d = 0; d < D; d++) {
      const rowAt = (t: number): number =>
        t < 0 ? state.data[(s * by + by + t) * D + d]! : x.data[(s * seqLen + t) * D + d]!;
      const last = Array.from({ length: by }, (_, i) => rowAt(seqLen - by + i));
      for (let t = 0; t < seqLen; t++) out.data[(s * seqLen + t) * D + d] = rowAt(t - by);
      last.forEach((value, i) => {
        state.data[(s * by + i) * D + d] = value;
      });
    }
  }
};

export const delayGrad: Kernels['delayGrad'] = (outDx, dy, by, seqLen) => {
  const D = dy.cols;
  for (let i = 0; i < dy.rows; i++) {
    const later = (i % seqLen) + by < seqLen;
    for (let d = 0; d < D; d++) outDx.data[i * D + d] = later ? dy.data[(i + by) * D + d]! : 0;
  }
};
