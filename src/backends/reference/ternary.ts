import type { Kernels } from '../../core/kernels.ts';
import { rowChunks } from './row-chunks.ts';

/** The reference reads the codes as they are. */
export const packTernary: Kernels['packTernary'] = () => {};

export const ternaryMatmul: Kernels['ternaryMatmul'] = (out, x, w) => {
  const [M, K, N] = [x.codes.rows, x.codes.cols, w.codes.rows];
  for (let i = 0; i < M; i++) {
    const s = x.scale.data[i]! * w.scale.data[0]!;
    for (let j = 0; j < N; j++) {
      let dot = 0;
      for (let k = 0; k < K; k++) dot += x.codes.data[i * K + k]! * w.codes.data[j * K + k]!;
      out.data[i * N + j] = s * dot;
    }
  }
};

export const ternaryMatmulFloat: Kernels['ternaryMatmulFloat'] = (out, x, w) => {
  const [M, K, N] = [x.rows, x.cols, w.codes.rows];
  for (let i = 0; i < M; i++) {
    for (let j = 0; j < N; j++) {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += x.data[i * K + k]! * w.codes.data[j * K + k]!;
      out.data[i * N + j] = w.scale.data[0]! * sum;
    }
  }
};

export const ternaryMatmulGradX: Kernels['ternaryMatmulGradX'] = (outDx, dy, w) => {
  const [M, N, K] = [dy.rows, dy.cols, w.codes.cols];
  const sums = new Float64Array(K);
  for (let i = 0; i < M; i++) {
    sums.fill(0);
    for (let j = 0; j < N; j++) {
      const g = dy.data[i * N + j]!;
      for (let k = 0; k < K; k++) sums[k]! += g * w.codes.data[j * K + k]!;
    }
    for (let k = 0; k < K; k++) outDx.data[i * K + k] = w.scale.data[0]! * sums[k]!;
  }
};

export const ternaryMatmulGradW: Kernels['ternaryMatmulGradW'] = (accW, dy, x) => {
  const [M, N, K] = [dy.rows, dy.cols, x.codes.cols];
  const sums = new Float64Array(K);
  for (const [start, end] of rowChunks(M)) {
    for (let j = 0; j < N; j++) {
      sums.fill(0);
      for (let i = start; i < end; i++) {
        const g = dy.data[i * N + j]! * x.scale.data[i]!;
        for (let k = 0; k < K; k++) sums[k]! += g * x.codes.data[i * K + k]!;
      }
      for (let k = 0; k < K; k++) accW.data[j * K + k]! += sums[k]!;
    }
  }
};
