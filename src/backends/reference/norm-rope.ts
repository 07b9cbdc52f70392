import type { Kernels } from '../../core/kernels.ts';
import type { Ids, Mat, Tensor } from '../../core/tensor.ts';
import { rowChunks } from './row-chunks.ts';

/** Query and key heads of a matrix [q | k | v]. */
function headsIn(x: Mat, kvHeads: number, group: number): { readonly count: number; readonly E: number } {
  return { count: kvHeads * (group + 1), E: x.cols / (kvHeads * (group + 2)) };
}

/** Columns `a` and `b` of a head that are rotated together: neighbours, or the i-th of both halves. */
function eachPair(
  pairs: number,
  layout: 'half' | 'interleaved',
  body: (a: number, b: number, i: number) => void,
): void {
  for (let i = 0; i < pairs; i++) {
    if (layout === 'half') body(i, i + pairs, i);
    else body(2 * i, 2 * i + 1, i);
  }
}

/** The row of `angles` for a row of `x`. Contexts are checked before: the last one only keeps a wrong call in bounds. */
function anglesAt(angles: Mat, position: Ids, row: number, seqLen: number): number {
  const at = position.data[Math.floor(row / seqLen)]! + (row % seqLen);
  return Math.min(Math.max(at, 0), angles.rows - 1) * angles.cols;
}

/** Rotary positions: Su et al. 2021. QK-norm: Henry et al. 2020. */
export const normRope: Kernels['normRope'] = (
  out,
  outRstd,
  x,
  gain,
  angles,
  turned,
  layout,
  position,
  kvHeads,
  group,
  eps,
  seqLen,
) => {
  const { count, E } = headsIn(x, kvHeads, group);
  const pairs = Math.min(turned, angles.cols / 2, Math.floor(E / 2));
  const z = new Float64Array(E);
  for (let row = 0; row < x.rows; row++) {
    const turn = anglesAt(angles, position, row, seqLen);
    for (let h = 0; h < count; h++) {
      const from = row * x.cols + h * E;
      const to = row * out.cols + h * E;
      let r = 1;
      if (outRstd) {
        let squares = 0;
        for (let e = 0; e < E; e++) squares += x.data[from + e]! ** 2;
        r = 1 / Math.sqrt(squares / E + eps);
        outRstd.data[row * count + h] = r;
      }
      const gainAt = (h < kvHeads * group ? 0 : 1) * E;
      for (let e = 0; e < E; e++) z[e] = r * x.data[from + e]! * (gain ? gain.data[gainAt + e]! : 1);
      for (let e = 0; e < E; e++) out.data[to + e] = z[e]!;
      eachPair(pairs, layout, (a, b, i) => {
        const [cos, sin] = [angles.data[turn + i]!, angles.data[turn + angles.cols / 2 + i]!];
        out.data[to + a] = z[a]! * cos - z[b]! * sin;
        out.data[to + b] = z[b]! * cos + z[a]! * sin;
      });
    }
  }
};

export const normRopeGrad: Kernels['normRopeGrad'] = (
  outDx,
  accGain,
  dqk,
  x,
  rstd,
  gain,
  angles,
  turned,
  layout,
  position,
  kvHeads,
  group,
  seqLen,
) => {
  const { count, E } = headsIn(x, kvHeads, group);
  const pairs = Math.min(turned, angles.cols / 2, Math.floor(E / 2));
  const du = new Float64Array(E);
  const gainGrad = (from: number, end: number): Float64Array => {
    const sums = new Float64Array(2 * E);
    for (let row = from; row < end; row++) {
      for (let h = 0; h < count; h++) {
        turnBack(du, dqk, row, h, E, angles, anglesAt(angles, position, row, seqLen), layout, pairs);
        const r = rstd ? rstd.data[row * count + h]! : 1;
        const at = (h < kvHeads * group ? 0 : 1) * E;
        for (let e = 0; e < E; e++) sums[at + e]! += du[e]! * r * x.data[row * x.cols + h * E + e]!;
      }
    }
    return sums;
  };
  for (let row = 0; row < x.rows; row++) {
    for (let h = 0; h < count; h++) {
      turnBack(du, dqk, row, h, E, angles, anglesAt(angles, position, row, seqLen), layout, pairs);
      const at = row * x.cols + h * E;
      const gainAt = (h < kvHeads * group ? 0 : 1) * E;
      if (gain) for (let e = 0; e < E; e++) du[e]! *= gain.data[gainAt + e]!;
      if (!rstd) {
        for (let e = 0; e < E; e++) outDx.data[at + e] = du[e]!;
        continue;
      }
      const r = rstd.data[row * count + h]!;
      let ux = 0;
      for (let e = 0; e < E; e++) ux += du[e]! * x.data[at + e]!;
      for (let e = 0; e < E; e++) outDx.data[at + e] = r * (du[e]! - (x.data[at + e]! * r * r * ux) / E);
    }
  }
  if (!accGain) return;
  for (const [from, end] of rowChunks(x.rows))
    for (const [i, sum] of gainGrad(from, end).entries()) accGain.data[i]! += sum;
};

/** The gradient before the rotation: the rotation by the opposite angle. */
function turnBack(
  du: Float64Array,
  dqk: Tensor,
  row: number,
  h: number,
  E: number,
  angles: Mat,
  turn: number,
  layout: 'half' | 'interleaved',
  pairs: number,
): void {
  const at = row * dqk.cols + h * E;
  for (let e = 0; e < E; e++) du[e] = dqk.data[at + e]!;
  eachPair(pairs, layout, (a, b, i) => {
    const [cos, sin] = [angles.data[turn + i]!, angles.data[turn + angles.cols / 2 + i]!];
    du[a] = dqk.data[at + a]! * cos + dqk.data[at + b]! * sin;
    du[b] = dqk.data[at + b]! * cos - dqk.data[at + a]! * sin;
  });
}
