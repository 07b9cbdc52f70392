import type { Kernels } from '../../core/kernels.ts';
import { sigmoid } from './activation.ts';
import { begins } from './document-starts.ts';
import { rowChunks } from './row-chunks.ts';

/** What a row takes of itself and of the row before it. A difference from 1 would lose the digits of a small share. */
const shares = (mix: number): [number, number] => [sigmoid(mix), sigmoid(-mix)];

/** Peng et al. 2023 (RWKV), with the mixing weight passed through a sigmoid. */
export const tokenShift: Kernels['tokenShift'] = (out, state, x, mix, starts, seqLen) => {
  const D = x.cols;
  for (let s = 0; s < state.rows; s++) {
    for (let d = 0; d < D; d++) {
      const [keep, pass] = shares(mix.data[d]!);
      let previous = state.data[s * D + d]!;
      for (let i = s * seqLen; i < (s + 1) * seqLen; i++) {
        const current = x.data[i * D + d]!;
        out.data[i * D + d] = keep * current + pass * (begins(starts, i, seqLen) ? 0 : previous);
        previous = current;
      }
      state.data[s * D + d] = previous;
    }
  }
};

export const tokenShiftGrad: Kernels['tokenShiftGrad'] = (outDx, accMix, dy, x, mix, starts, seqLen) => {
  const D = x.cols;
  const isFirst = (i: number) => i % seqLen === 0 || begins(starts, i, seqLen);
  for (let d = 0; d < D; d++) {
    const [keep, pass] = shares(mix.data[d]!);
    for (let i = 0; i < x.rows; i++) {
      const fromNext = isFirst(i + 1) ? 0 : dy.data[(i + 1) * D + d]!;
      outDx.data[i * D + d] = keep * dy.data[i * D + d]! + pass * fromNext;
    }
    for (const [start, end] of rowChunks(x.rows)) {
      let sum = 0;
      for (let i = start; i < end; i++) {
        const previous = isFirst(i) ? 0 : x.data[(i - 1) * D + d]!;
        sum += dy.data[i * D + d]! * (x.data[i * D + d]! - previous);
      }
      accMix.data[d]! += sum * keep * pass;
    }
  }
};
