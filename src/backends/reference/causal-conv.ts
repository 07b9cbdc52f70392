import type { Kernels } from '../../core/kernels.ts';
import { rowChunks } from './row-chunks.ts';

/** Each channel is convolved alone; the rows before a sequence are its state, oldest row first. */
export const causalConv: Kernels['causalConv'] = (out, state, x, w, bias, seqLen) => {
  const D = x.cols;
  const past = w.rows - 1;
  for (let s = 0; s < x.rows / seqLen; s++) {
    for (let d = 0; d < D; d++) {
      const rowAt = (t: number): number =>
        t < 0 ? state.data[(s * past + past + t) * D + d]! : x.data[(s * seqLen + t) * D + d]!;
      for (let t = 0; t < seqLen; t++) {
        let sum = bias ? bias.data[d]! : 0;
        for (let j = 0; j <= past; j++) sum += w.data[j * D + d]! * rowAt(t - j);
        out.data[(s * seqLen + t) * D + d] = sum;
      }
      const last = Array.from({ length: past }, (_, i) => rowAt(seqLen - past + i));
      last.forEach((value, i) => {
        state.data[(s * past + i) * D + d] = value;
      });
    }
  }
};

export const causalConvGrad: Kernels['causalConvGrad'] = (outDx, accW, accBias, dy, x, w, seqLen) => {
  const D = x.cols;
  for (let d = 0; d < D; d++) {
    // Rows outside of the sequence of row i are zero.
    const dyAfter = (i: number, j: number): number =>
      (i % seqLen) + j < seqLen ? dy.data[(i + j) * D + d]! : 0;
    const xBefore = (i: number, j: number): number => (i % seqLen < j ? 0 : x.data[(i - j) * D + d]!);
    for (let i = 0; i < x.rows; i++) {
      let sum = 0;
      for (let j = 0; j < w.rows; j++) sum += w.data[j * D + d]! * dyAfter(i, j);
      outDx.data[i * D + d] = sum;
    }
    for (const [start, end] of rowChunks(x.rows)) {
      for (let j = 0; j < w.rows; j++) {
        let sum = 0;
        for (let i = start; i < end; i++) sum += dy.data[i * D + d]! * xBefore(i, j);
        accW.data[j * D + d]! += sum;
      }
      if (!accBias) continue;
      let sum = 0;
      for (let i = start; i < end; i++) sum += dy.data[i * D + d]!;
      accBias.data[d]! += sum;
    }
  }
};
