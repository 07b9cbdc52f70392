import type { Kernels } from '../../core/kernels.ts';
import { firstSeen } from './document-starts.ts';
import { rowChunks } from './row-chunks.ts';

/** Each channel is convolved alone; the rows before a sequence are its state, oldest row first. */
export const causalConv: Kernels['causalConv'] = (out, state, x, w, bias, starts, seqLen) => {
  const D = x.cols;
  const past = w.rows - 1;
  for (let s = 0; s < x.rows / seqLen; s++) {
    for (let d = 0; d < D; d++) {
      /** Row t as a row sees it whose document begins at row `first`. */
      const rowAt = (t: number, first: number): number => {
        if (first > 0 && t < first) return 0;
        return t < 0 ? state.data[(s * past + past + t) * D + d]! : x.data[(s * seqLen + t) * D + d]!;
      };
      for (let t = 0; t < seqLen; t++) {
        const first = firstSeen(starts, s * seqLen + t);
        let sum = bias ? bias.data[d]! : 0;
        for (let j = 0; j <= past; j++) sum += w.data[j * D + d]! * rowAt(t - j, first);
        out.data[(s * seqLen + t) * D + d] = sum;
      }
      const first = firstSeen(starts, (s + 1) * seqLen - 1);
      const last = Array.from({ length: past }, (_, i) => rowAt(seqLen - past + i, first));
      last.forEach((value, i) => {
        state.data[(s * past + i) * D + d] = value;
      });
    }
  }
};

export const causalConvGrad: Kernels['causalConvGrad'] = (outDx, accW, accBias, dy, x, w, starts, seqLen) => {
  const D = x.cols;
  for (let d = 0; d < D; d++) {
    // Rows outside of the document of row i, or of its sequence, are zero.
    const dyAfter = (i: number, j: number): number =>
      (i % seqLen) + j < seqLen && firstSeen(starts, i + j) <= i % seqLen ? dy.data[(i + j) * D + d]! : 0;
    const xBefore = (i: number, j: number): number =>
      (i % seqLen) - j < firstSeen(starts, i) ? 0 : x.data[(i - j) * D + d]!;
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
