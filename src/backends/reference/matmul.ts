import type { Kernels } from '../../core/kernels.ts';
import { rowChunks } from './row-chunks.ts';

export const matmul: Kernels['matmul'] = (out, a, b) => {
  const [M, K, N] = [a.rows, a.cols, b.cols];
  const sums = new Float64Array(N);
  for (let i = 0; i < M; i++) {
    sums.fill(0);
    for (let k = 0; k < K; k++) {
      const aik = a.data[i * K + k]!;
      for (let j = 0; j < N; j++) sums[j]! += aik * b.data[k * N + j]!;
    }
    for (let j = 0; j < N; j++) out.data[i * N + j] = sums[j]!;
  }
};

export const matmulTransB: Kernels['matmulTransB'] = (out, a, b) => {
  const [M, K, N] = [a.rows, a.cols, b.rows];
  for (let i = 0; i < M; i++) {
    for (let j = 0; j < N; j++) {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += a.data[i * K + k]! * b.data[j * K + k]!;
      out.data[i * N + j] = sum;
    }
  }
};

export const matmulTransA: Kernels['matmulTransA'] = (acc, a, b) => {
  const [K, M, N] = [a.rows, a.cols, b.cols];
  const sums = new Float64Array(N);
  for (const [start, end] of rowChunks(K)) {
    for (let i = 0; i < M; i++) {
      sums.fill(0);
      for (let k = start; k < end; k++) {
        const aki = a.data[k * M + i]!;
        for (let j = 0; j < N; j++) sums[j]! += aki * b.data[k * N + j]!;
      }
      for (let j = 0; j < N; j++) acc.data[i * N + j]! += sums[j]!;
    }
  }
};
