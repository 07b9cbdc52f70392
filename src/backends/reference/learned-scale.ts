import type { Kernels } from '../../core/kernels.ts';

/** Smaller scales count as this one: a quotient by them would not be a number. */
const MIN_SCALE = 1e-5;

/** LSQ (Esser et al. 2020, 1902.08153) with the codes -1, 0 and 1. */
export const quantizeWeightBy: Kernels['quantizeWeightBy'] = (outCodes, outScale, w, learned) => {
  const each = w.data.length / learned.rows;
  for (let g = 0; g < learned.rows; g++) {
    // Math.max keeps a NaN.
    outScale.data[g] = Math.max(learned.data[g]!, MIN_SCALE);
    const s = outScale.data[g]!;
    for (let i = g * each; i < (g + 1) * each; i++) {
      outCodes.data[i] = Math.abs(w.data[i]!) > 0.5 * s ? Math.sign(w.data[i]!) : 0;
    }
  }
};

export const learnedScaleGrad: Kernels['learnedScaleGrad'] = (accW, accScale, dw, w, scale) => {
  const each = w.data.length / scale.rows;
  for (let g = 0; g < scale.rows; g++) {
    const s = scale.data[g]!;
    let sum = 0;
    for (let i = g * each; i < (g + 1) * each; i++) {
      const [x, d] = [w.data[i]!, dw.data[i]!];
      const code = Math.abs(x) > 0.5 * s ? Math.sign(x) : 0;
      const isInside = Math.abs(x) < s;
      if (isInside) accW.data[i]! += d;
      sum += d * (isInside ? code - x / s : code);
    }
    accScale.data[g]! += sum / Math.sqrt(each);
  }
};
