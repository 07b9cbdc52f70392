import type { Kernels } from '../../core/kernels.ts';
import { rounded } from './rounding.ts';
import { rowChunks } from './row-chunks.ts';

export const matmul: Kernels['matmul'] = (out, a, b, precision) => {
  const [M, K, N] = [a.rows, a.cols, b.cols];
  const [left, right] = [rounded(a, precision), rounded(b, precision)];
  const sums = new Float64Array(N);
  for (let i = 0; i < M; i++) {
    sums.fill(0);
    for (let k = 0; k < K; k++) {
      const aik = left[i * K + k]!;
      for (let j = 0; j < N; j++) sums[j]! += aik * right[k * N + j]!;
    }
    for (let j = 0; j < N; j++) out.data[i * N + j] = sums[j]!;
  }
};

export const matmulTransB: Kernels['matmulTransB'] = (out, a, b, precision) => {
  const [M, K, N] = [a.rows, a.cols, b.rows];
  const [left, right] = [rounded(a, precision), rounded(b, precision)];
  for (let i = 0; i < M; i++) {
    for (let j = 0; j < N; j++) {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += left[i * K + k]! * right[j * K + k]!;
      out.data[i * N + j] = sum;
    }
  }
};

export const matmulTransA: Kernels['matmulTransA'] = (acc, a, b, precision) => {
  const [K, M, N] = [a.rows, a.cols, b.cols];
  const [left, right] = [rounded(a, precision), rounded(b, precision)];
  const sums = new Float64Array(N);
  for (const [start, end] of rowChunks(K)) {
    for (let i = 0; i < M; i++) {
      sums.fill(0);
      for (let k = start; k < end; k++) {
        const aki = left[k * M + i]!;
        for (let j = 0; j < N; j++) sums[j]! += aki * right[k * N + j]!;
      }
      for (let j = 0; j < N; j++) acc.data[i * N + j]! += sums[j]!;
    }
  }
};
