import type { Kernels } from '../../core/kernels.ts';
import type { Ids, Mat } from '../../core/tensor.ts';
import { keptFactor } from './dropout.ts';

/** The keys that row `t` of a call sees: positions [before, position) of rows before the call, and rows [own, t] of it. */
function seenFrom(
  t: number,
  start: number,
  { position, kept, window }: { readonly position: number; readonly kept: number; readonly window: number },
): { readonly before: number; readonly own: number } {
  const lowest = window > 0 ? t - window + 1 : Number.NEGATIVE_INFINITY;
  const before = start > 0 ? position : Math.max(0, position - kept, position + lowest);
  return { before: Math.min(before, position), own: Math.max(start, lowest, 0) };
}

/** The product of `count` values from `i` and from `j` on, the latter `stride` apart. */
function dot(a: Mat['data'], i: number, b: Mat['data'], j: number, count: number, stride = 1): number {
  let sum = 0;
  for (let e = 0; e < count; e++) sum += a[i + e]! * b[j + e * stride]!;
  return sum;
}

/** A soft-capped score; `cap` 0 leaves it as it is. */
const capped = (score: number, cap: number): number => (cap > 0 ? cap * Math.tanh(score / cap) : score);

/** Each softmax begins with a group of random numbers. */
const paddedTo64 = (keys: number): number => Math.ceil(keys / 64) * 64;

/**
 * Causal attention with grouped queries (Ainslie et al. 2023) that keeps the logarithm of each softmax's sum alone, as
 * FlashAttention does (Dao et al. 2022).
 */
export const attention: Kernels['attention'] = (
  out,
  outLse,
  keys,
  values,
  qk,
  x,
  gain,
  position,
  G,
  R,
  window,
  cap,
  rate,
  seed,
  step,
  stream,
  sequence,
  starts,
  seqLen,
) => {
  const H = G * R;
  const E = out.cols / H;
  const kept = keys.cols;
  const keptOf = keptFactor(rate, seed, step, stream);
  const weights = new Float64Array(kept + seqLen);
  const sums = new Float64Array(E);
  for (let row = 0; row < qk.rows; row++) {
    const s = Math.floor(row / seqLen);
    const t = row % seqLen;
    const at = { position: position.data[s]!, kept, window };
    const { before, own } = seenFrom(t, starts?.data[row] ?? 0, at);
    const cached = at.position - before;
    const count = cached + Math.max(0, t - own + 1);
    for (let h = 0; h < H; h++) {
      const g = Math.floor(h / R);
      const factor = (gain?.data[h] ?? 1) / Math.sqrt(E);
      const q = row * qk.cols + h * E;
      let max = Number.NEGATIVE_INFINITY;
      for (let i = 0; i < count; i++) {
        const product =
          i < cached
            ? dot(qk.data, q, keys.data, (s * G + g) * E * kept + ((before + i) % kept), E, kept)
            : dot(qk.data, q, qk.data, (row - t + own + i - cached) * qk.cols + (H + g) * E, E);
        weights[i] = capped(factor * product, cap);
        max = Math.max(max, weights[i]!);
      }
      let sum = 0;
      sums.fill(0);
      for (let i = 0; i < count; i++) {
        const weight = Math.exp(weights[i]! - max);
        sum += weight;
        const j = own + i - cached;
        // Dropout is for training, where no row is before the call.
        const number = ((sequence.data[s]! * seqLen + t) * H + h) * paddedTo64(seqLen) + j;
        const p = i < cached ? weight : weight * keptOf(number);
        const [from, v] =
          i < cached
            ? [values.data, ((s * kept + ((before + i) % kept)) * G + g) * E]
            : [x.data, (row - t + j) * x.cols + (H + G + g) * E];
        for (let e = 0; e < E; e++) sums[e]! += p * from[v + e]!;
      }
      outLse.data[row * H + h] = max + Math.log(sum);
      for (let e = 0; e < E; e++) out.data[row * H * E + h * E + e] = sums[e]! / sum;
    }
  }
  keepLast(keys, values, qk, x, position, seqLen);
};

/** Puts the last rows of each sequence among those before the next call. */
function keepLast(keys: Mat, values: Mat, qk: Mat, x: Mat, position: Ids, seqLen: number): void {
  const kept = keys.cols;
  const width = values.cols;
  for (let row = 0; row < qk.rows; row++) {
    const s = Math.floor(row / seqLen);
    if (seqLen - (row % seqLen) > kept) continue;
    const slot = (position.data[s]! + (row % seqLen)) % kept;
    for (let c = 0; c < width; c++) {
      keys.data[(s * width + c) * kept + slot] = qk.data[row * qk.cols + qk.cols - width + c]!;
      values.data[(s * kept + slot) * width + c] = x.data[row * x.cols + x.cols - width + c]!;
    }
  }
}

/**
 * The weights are computed again from the logarithms of their sums. With `D = dy . y` and `dp = dy . v` the gradient of a
 * score is `p * (dp - D)`, through the soft-cap's slope `1 - (score / cap)^2`.
 */
export const attentionGrad: Kernels['attentionGrad'] = (
  outDqk,
  outDx,
  outDgain,
  dy,
  qk,
  x,
  y,
  lse,
  gain,
  G,
  R,
  window,
  cap,
  rate,
  seed,
  step,
  stream,
  sequence,
  starts,
  seqLen,
) => {
  const H = G * R;
  const E = y.cols / H;
  const dqk = new Float64Array(outDqk.data.length);
  const dv = new Float64Array(x.rows * G * E);
  const keptOf = keptFactor(rate, seed, step, stream);
  for (let row = 0; row < x.rows; row++) {
    const t = row % seqLen;
    const first = row - t;
    const { own } = seenFrom(t, starts?.data[row] ?? 0, { position: 0, kept: 0, window });
    for (let h = 0; h < H; h++) {
      const g = Math.floor(h / R);
      const factor = (gain?.data[h] ?? 1) / Math.sqrt(E);
      const q = row * qk.cols + h * E;
      const o = row * H * E + h * E;
      const mean = dot(dy.data, o, y.data, o, E);
      const number = ((sequence.data[first / seqLen]! * seqLen + t) * H + h) * paddedTo64(seqLen);
      let ofGain = 0;
      for (let j = own; j <= t; j++) {
        const k = (first + j) * qk.cols + (H + g) * E;
        const v = (first + j) * x.cols + (H + G + g) * E;
        const product = dot(qk.data, q, qk.data, k, E);
        const score = capped(factor * product, cap);
        const p = Math.exp(score - lse.data[row * H + h]!);
        const keptBy = keptOf(number + j);
        const dp = keptBy * dot(dy.data, o, x.data, v, E);
        const slope = cap > 0 ? 1 - (score / cap) ** 2 : 1;
        const ds = p * (dp - mean) * slope;
        ofGain += (ds * product) / Math.sqrt(E);
        for (let e = 0; e < E; e++) {
          dqk[q + e]! += factor * ds * qk.data[k + e]!;
          dqk[k + e]! += factor * ds * qk.data[q + e]!;
          dv[((first + j) * G + g) * E + e]! += p * keptBy * dy.data[o + e]!;
        }
      }
      if (outDgain) outDgain.data[row * H + h] = ofGain;
    }
  }
  outDqk.data.set(dqk);
  for (let row = 0; row < x.rows; row++)
    for (let c = 0; c < G * E; c++) outDx.data[row * x.cols + x.cols - G * E + c] = dv[row * G * E + c]!;
};
