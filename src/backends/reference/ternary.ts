import type { Precision } from '../../core/compute.ts';
import type { Kernels } from '../../core/kernels.ts';
import type { TernaryWeight } from '../../core/tensor.ts';
import { addRows, dotRows } from './products.ts';
import { bf16, quantizeInt8, rounded } from './rounding.ts';
import { rowChunks } from './row-chunks.ts';

/** The reference reads the codes as they are. */
export const packTernary: Kernels['packTernary'] = () => {};

/** What row j of the codes is multiplied by beside the scale of all. */
const rowScale = ({ rowScale }: TernaryWeight, j: number): number => rowScale?.data[j] ?? 1;

export const dequantizeRows: Kernels['dequantizeRows'] = (out, { codes, scale }) => {
  for (let i = 0; i < codes.data.length; i++) {
    out.data[i] = scale.data[Math.floor(i / codes.cols)]! * codes.data[i]!;
  }
};

export const blendTernary: Kernels['blendTernary'] = (out, w, master, share) => {
  for (let i = 0; i < w.codes.data.length; i++) {
    const value = w.scale.data[0]! * rowScale(w, Math.floor(i / w.codes.cols)) * w.codes.data[i]!;
    out.data[i] = master ? (1 - share) * master.data[i]! + share * value : value;
  }
};

export const ternaryMatmul: Kernels['ternaryMatmul'] = (out, x, w) => {
  const [M, K, N] = [x.codes.rows, x.codes.cols, w.codes.rows];
  const [left, right] = [new Float64Array(x.codes.data), new Float64Array(w.codes.data)];
  const sums = new Float64Array(N);
  for (let i = 0; i < M; i++) {
    const s = x.scale.data[i]! * w.scale.data[0]!;
    dotRows(sums, left.subarray(i * K, (i + 1) * K), right);
    for (let j = 0; j < N; j++) out.data[i * N + j] = s * sums[j]! * rowScale(w, j);
  }
};

export const ternaryMatmulFloat: Kernels['ternaryMatmulFloat'] = (out, x, w, precision) => {
  const [M, K, N] = [x.rows, x.cols, w.codes.rows];
  const [left, right] = [rounded(x, precision), new Float64Array(w.codes.data)];
  const sums = new Float64Array(N);
  for (let i = 0; i < M; i++) {
    dotRows(sums, left.subarray(i * K, (i + 1) * K), right);
    for (let j = 0; j < N; j++) out.data[i * N + j] = w.scale.data[0]! * sums[j]! * rowScale(w, j);
  }
};

/** One row or column of gradients in a precision: its values are `scale * values`. */
function inPrecision(g: ArrayLike<number>, precision: Precision): { scale: number; values: Float64Array } {
  if (precision === 'f32') return { scale: 1, values: new Float64Array(g) };
  if (precision === 'bf16') return { scale: 1, values: Float64Array.from(g, bf16) };
  const { scale, codes } = quantizeInt8(g);
  return { scale, values: codes };
}

/** A product that is rounded further is formed in float32 first, whatever the backend could do better. */
const storedIn = (precision: Precision): ((v: number) => number) =>
  precision === 'f32' ? (v) => v : Math.fround;

export const ternaryMatmulGradX: Kernels['ternaryMatmulGradX'] = (outDx, dy, w, precision) => {
  const [M, N, K] = [dy.rows, dy.cols, w.codes.cols];
  const stored = storedIn(precision);
  const codes = new Float64Array(w.codes.data);
  const sums = new Float64Array(K);
  for (let i = 0; i < M; i++) {
    sums.fill(0);
    const row = dy.data.subarray(i * N, (i + 1) * N);
    const scaled = w.rowScale ? Float64Array.from(row, (v, j) => stored(v * rowScale(w, j))) : row;
    const g = inPrecision(scaled, precision);
    addRows(sums, g.values, codes);
    for (let k = 0; k < K; k++) outDx.data[i * K + k] = w.scale.data[0]! * g.scale * sums[k]!;
  }
};

export const ternaryMatmulGradW: Kernels['ternaryMatmulGradW'] = (accW, dy, x, precision) => {
  const [M, N, K] = [dy.rows, dy.cols, x.codes.cols];
  const stored = storedIn(precision);
  const codes = new Float64Array(x.codes.data);
  const sums = new Float64Array(K);
  for (const [start, end] of rowChunks(M)) {
    const scaled = new Float64Array(end - start);
    for (let j = 0; j < N; j++) {
      for (let i = start; i < end; i++) scaled[i - start] = stored(dy.data[i * N + j]! * x.scale.data[i]!);
      const g = inPrecision(scaled, precision);
      sums.fill(0);
      addRows(sums, g.values, codes.subarray(start * K, end * K));
      for (let k = 0; k < K; k++) accW.data[j * K + k]! += g.scale * sums[k]!;
    }
  }
};
