import type { ActivationRule } from '../../core/choices.ts';
import { type Kernels, SUM_LANES } from '../../core/kernels.ts';
import type { Mat } from '../../core/tensor.ts';
import { roundHalfEven } from './rounding.ts';

type Reals = Mat['data'];

/**
 * Sum of the |x| of one row that are not up to a limit, in the order that `SUM_LANES` fixes for every backend. NaN is not:
 * it makes the sum NaN.
 */
function sumAbs(x: Reals, start: number, count: number, limit = -1): number {
  const lanes = new Float64Array(SUM_LANES);
  for (let i = 0; i < count; i++) {
    const a = Math.abs(x[start + i]!);
    if (!(a <= limit)) lanes[i % SUM_LANES]! += a;
  }
  for (let half = SUM_LANES / 2; half >= 1; half /= 2) {
    for (let j = 0; j < half; j++) lanes[j]! += lanes[j + half]!;
  }
  return lanes[0]!;
}

/** NaN if a value is not finite: sorting would move it to the end, where the median ignores it. */
function median(values: Reals): number {
  if (!values.every(Number.isFinite)) return Number.NaN;
  const sorted = values.map(Math.abs).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** round(w / gamma) clipped to [-1, 1], with |w / gamma| = 0.5 rounding to 0. */
const ternaryCode = (w: number, gamma: number): number => (Math.abs(w) > 0.5 * gamma ? Math.sign(w) : 0);

/** absmean: Ma et al. 2024 (BitNet b1.58); absmedian: Nielsen and Schneider-Kamp 2024 (BitNet b1.58 Reloaded). */
export const quantizeWeight: Kernels['quantizeWeight'] = (outCodes, outScale, w, rule) => {
  let middle: number;
  if (rule === 'absmedian') {
    middle = median(w.data);
  } else {
    let total = 0;
    for (let i = 0; i < w.rows; i++) total += sumAbs(w.data, i * w.cols, w.cols);
    middle = total / w.data.length;
  }
  const gamma = middle + 1e-8;
  outScale.data[0] = gamma;
  for (let i = 0; i < w.data.length; i++) outCodes.data[i] = ternaryCode(w.data[i]!, gamma);
};

export const quantizeWeightRows: Kernels['quantizeWeightRows'] = (outCodes, outRowScale, w, rule) => {
  const K = w.cols;
  for (let j = 0; j < w.rows; j++) {
    const middle =
      rule === 'absmedian' ? median(w.data.subarray(j * K, (j + 1) * K)) : sumAbs(w.data, j * K, K) / K;
    // Math.max keeps a NaN.
    const gamma = Math.max(middle, 1e-5);
    outRowScale.data[j] = gamma;
    for (let i = j * K; i < (j + 1) * K; i++) outCodes.data[i] = ternaryCode(w.data[i]!, gamma);
  }
};

export const quantizeRows: Kernels['quantizeRows'] = (outCodes, outScale, x, rule: ActivationRule) => {
  const K = x.cols;
  // In float32 the int8 rule divides in float32: a code must not depend on a backend's wider arithmetic.
  const stored: (v: number) => number = x.dtype === 'f32' ? Math.fround : (v) => v;
  for (let i = 0; i < x.rows; i++) {
    const start = i * K;
    if (rule === 'int8') {
      let max = 0;
      // Math.max keeps a NaN: the scale is NaN then, and so is every product of the row.
      for (let k = 0; k < K; k++) max = Math.max(max, Math.abs(x.data[start + k]!));
      const s = stored(Math.max(max, stored(1e-5)) / 127);
      outScale.data[i] = s;
      for (let k = 0; k < K; k++) {
        const q = roundHalfEven(stored(x.data[start + k]! / s));
        outCodes.data[start + k] = Math.min(127, Math.max(-128, q));
      }
      continue;
    }
    const mean = sumAbs(x.data, start, K) / K;
    const threshold = 0.6745 * mean;
    let kept = 0;
    for (let k = 0; k < K; k++) {
      const keep = Math.abs(x.data[start + k]!) > threshold;
      outCodes.data[start + k] = keep ? Math.sign(x.data[start + k]!) : 0;
      if (keep) kept++;
    }
    // Nothing is kept of zeros, and of a row whose mean is not finite: its scale must say so.
    outScale.data[i] = rule === 'ternary' || !kept ? mean + 1e-8 : sumAbs(x.data, start, K, threshold) / kept;
  }
};
