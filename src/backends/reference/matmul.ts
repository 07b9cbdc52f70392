import type { Kernels } from '../../core/kernels.ts';
import { addRows, dotRows } from './products.ts';
import { rounded } from './rounding.ts';
import { rowChunks } from './row-chunks.ts';

export const matmul: Kernels['matmul'] = (out, a, b, precision) => {
  const [M, K, N] = [a.rows, a.cols, b.cols];
  const [left, right] = [rounded(a, precision), rounded(b, precision)];
  const sums = new Float64Array(N);
  for (let i = 0; i < M; i++) {
    sums.fill(0);
    addRows(sums, left.subarray(i * K, (i + 1) * K), right);
    out.data.set(sums, i * N);
  }
};

export const matmulTransB: Kernels['matmulTransB'] = (out, a, b, precision) => {
  const [M, K, N] = [a.rows, a.cols, b.rows];
  const [left, right] = [rounded(a, precision), rounded(b, precision)];
  const sums = new Float64Array(N);
  for (let i = 0; i < M; i++) {
    dotRows(sums, left.subarray(i * K, (i + 1) * K), right);
    out.data.set(sums, i * N);
  }
};

export const matmulTransA: Kernels['matmulTransA'] = (acc, a, b, precision) => {
  const [K, M, N] = [a.rows, a.cols, b.cols];
  const [left, right] = [rounded(a, precision), rounded(b, precision)];
  const sums = new Float64Array(N);
  for (const [start, end] of rowChunks(K)) {
    const column = new Float64Array(end - start);
    for (let i = 0; i < M; i++) {
      for (let k = start; k < end; k++) column[k - start] = left[k * M + i]!;
      sums.fill(0);
      addRows(sums, column, right.subarray(start * N, end * N));
      for (let j = 0; j < N; j++) acc.data[i * N + j]! += sums[j]!;
    }
  }
};
