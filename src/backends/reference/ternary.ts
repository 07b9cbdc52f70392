import type { Precision } from '../../core/compute.ts';
import type { Kernels } from '../../core/kernels.ts';
import type { TernaryWeight } from '../../core/tensor.ts';
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
  for (let i = 0; i < M; i++) {
    const s = x.scale.data[i]! * w.scale.data[0]!;
    for (let j = 0; j < N; j++) {
      let dot = 0;
      for (let k = 0; k < K; k++) dot += x.codes.data[i * K + k]! * w.codes.data[j * K + k]!;
      out.data[i * N + j] = s * dot * rowScale(w, j);
    }
  }
};

export const ternaryMatmulFloat: Kernels['ternaryMatmulFloat'] = (out, x, w, precision) => {
  const [M, K, N] = [x.rows, x.cols, w.codes.rows];
  const left = rounded(x, precision);
  for (let i = 0; i < M; i++) {
    for (let j = 0; j < N; j++) {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += left[i * K + k]! * w.codes.data[j * K + k]!;
      out.data[i * N + j] = w.scale.data[0]! * sum * rowScale(w, j);
    }
  }
};

/** One row or column of gradients in a precision: its values are `scale * values`. */
function inPrecision(
  g: ArrayLike<number>,
  precision: Precision,
): { scale: number; values: ArrayLike<number> } {
  if (precision === 'f32') return { scale: 1, values: g };
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
  const sums = new Float64Array(K);
  for (let i = 0; i < M; i++) {
    sums.fill(0);
    const row = dy.data.subarray(i * N, (i + 1) * N);
    const scaled = w.rowScale ? Float64Array.from(row, (v, j) => stored(v * rowScale(w, j))) : row;
    const g = inPrecision(scaled, precision);
    for (let j = 0; j < N; j++) {
      for (let k = 0; k < K; k++) sums[k]! += g.values[j]! * w.codes.data[j * K + k]!;
    }
    for (let k = 0; k < K; k++) outDx.data[i * K + k] = w.scale.data[0]! * g.scale * sums[k]!;
  }
};

export const ternaryMatmulGradW: Kernels['ternaryMatmulGradW'] = (accW, dy, x, precision) => {
  const [M, N, K] = [dy.rows, dy.cols, x.codes.cols];
  const stored = storedIn(precision);
  const sums = new Float64Array(K);
  for (const [start, end] of rowChunks(M)) {
    for (let j = 0; j < N; j++) {
      sums.fill(0);
      const scaled = (_: unknown, r: number) =>
        stored(dy.data[(start + r) * N + j]! * x.scale.data[start + r]!);
      const g = inPrecision(Float64Array.from({ length: end - start }, scaled), precision);
      for (let i = start; i < end; i++) {
        for (let k = 0; k < K; k++) sums[k]! += g.values[i - start]! * x.codes.data[i * K + k]!;
      }
      for (let k = 0; k < K; k++) accW.data[j * K + k]! += g.scale * sums[k]!;
    }
  }
};
