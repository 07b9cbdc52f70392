import type { Kernels } from '../../core/kernels.ts';
import { type Mat, mat } from '../../core/tensor.ts';
import { matmul, matmulTransA, matmulTransB } from './matmul.ts';
import { rowChunks } from './row-chunks.ts';

export const softmaxCrossEntropy: Kernels['softmaxCrossEntropy'] = (outNats, outDz, z, targets, scale) => {
  const V = z.cols;
  for (let i = 0; i < z.rows; i++) {
    let max = Number.NEGATIVE_INFINITY;
    for (let v = 0; v < V; v++) max = Math.max(max, z.data[i * V + v]!);
    let sum = 0;
    for (let v = 0; v < V; v++) sum += Math.exp(z.data[i * V + v]! - max);
    const logSumExp = max + Math.log(sum);
    let n = 0;
    let nats = 0;
    for (let t = targets.offsets.data[i]!; t < targets.offsets.data[i + 1]!; t++) {
      const weight = targets.weights.data[t]!;
      n += weight;
      nats += weight * (logSumExp - z.data[i * V + targets.ids.data[t]!]!);
    }
    outNats.data[i] = nats;
    if (!outDz) continue;
    for (let v = 0; v < V; v++) {
      outDz.data[i * V + v] = scale * n * Math.exp(z.data[i * V + v]! - logSumExp);
    }
    for (let t = targets.offsets.data[i]!; t < targets.offsets.data[i + 1]!; t++) {
      outDz.data[i * V + targets.ids.data[t]!]! -= scale * targets.weights.data[t]!;
    }
  }
};

export const headLoss: Kernels['headLoss'] = (outNats, outDh, accTable, h, table, targets, scale) => {
  const [V, D] = [table.rows, table.cols];
  const rowsOf = (m: Mat, start: number, end: number): Mat =>
    ({ ...m, rows: end - start, data: m.data.subarray(start * m.cols, end * m.cols) }) as Mat;
  for (const [start, end] of rowChunks(h.rows)) {
    const rows = end - start;
    const z = mat(h.dtype, rows, V, 'headLoss/z');
    const dz = outDh || accTable ? mat(h.dtype, rows, V, 'headLoss/dz') : null;
    const hChunk = rowsOf(h, start, end);
    matmulTransB(z, hChunk, table);
    const offsets = { ...targets.offsets, rows: rows + 1, data: targets.offsets.data.subarray(start, end + 1) };
    softmaxCrossEntropy(rowsOf(outNats, start, end), dz, z, { ...targets, offsets }, scale);
    if (outDh) matmul({ ...rowsOf(outDh, start, end), cols: D } as Mat, dz!, table);
    if (accTable) matmulTransA(accTable, dz!, hChunk);
  }
};
