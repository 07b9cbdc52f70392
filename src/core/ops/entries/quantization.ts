import { ACTIVATION_RULES, type ActivationRule, WEIGHT_RULES, type WeightRule } from '../../choices.ts';
import type { Codes, Mat, Quantized } from '../../tensor.ts';
import { accumulate, choice, input, near, op, output, quantized } from '../arguments.ts';

/** Per tensor: `gamma = mean|W| + 1e-8` (or the median), code = sign(w) where |w| > gamma/2, else 0. A tie is 0. */
export const quantizeWeight = op<(outCodes: Codes, outScale: Mat, w: Mat, rule: WeightRule) => void>({
  args: [
    output('outCodes', 'N', 'K', { dtype: 'i8' }),
    output('outScale', 1, 1),
    input('w', 'N', 'K'),
    choice('rule', WEIGHT_RULES),
  ],
  agree: 'exact',
  flops: ({ N, K }) => 3 * N * K,
});

/**
 * Each row separately: `gamma = max(mean|w|, 1e-5)` of the row (or the median), codes as in `quantizeWeight`. A row with a
 * value that is not finite gets a scale that is not.
 */
export const quantizeWeightRows = op<(outCodes: Codes, outRowScale: Mat, w: Mat, rule: WeightRule) => void>({
  args: [
    output('outCodes', 'N', 'K', { dtype: 'i8' }),
    output('outRowScale', 'N', 1),
    input('w', 'N', 'K'),
    choice('rule', WEIGHT_RULES),
  ],
  agree: 'exact',
  flops: ({ N, K }) => 3 * N * K,
});

/** N rows in G parts of R rows, each with a scale. */
const scaledParts = {
  equations: ['N = G*R'],
  sizes: { G: { tested: [1, 6, 40], bench: 1 }, R: { tested: [1, 3, 37] } },
} as const;

/**
 * LSQ (Esser et al. 2020, 1902.08153) with the codes -1, 0 and 1: `outScale = max(learned, 1e-5)`, code = sign(w) where
 * |w| > outScale/2, else 0. A scale for each of G parts of the rows: 1, or one for each row.
 */
export const quantizeWeightBy = op<(outCodes: Codes, outScale: Mat, w: Mat, learned: Mat) => void>({
  args: [
    output('outCodes', 'N', 'K', { dtype: 'i8' }),
    output('outScale', 'G', 1),
    input('w', 'N', 'K'),
    input('learned', 'G', 1, { values: 'positive' }),
  ],
  ...scaledParts,
  agree: 'exact',
  flops: ({ N, K }) => 2 * N * K,
});

/**
 * Gradients of `quantizeWeightBy`, dw being that of `scale * codes`: `accW += dw` where |w| < scale, and
 * `accScale += sum(dw * t) / sqrt(values of the part)` with `t = code - w/scale` there and t = code elsewhere.
 */
export const learnedScaleGrad = op<(accW: Mat, accScale: Mat, dw: Mat, w: Mat, scale: Mat) => void>({
  args: [
    accumulate('accW', 'N', 'K'),
    accumulate('accScale', 'G', 1),
    input('dw', 'N', 'K'),
    input('w', 'N', 'K'),
    input('scale', 'G', 1, { values: 'scale' }),
  ],
  ...scaledParts,
  // A scale's gradient is the sum of many terms that may cancel.
  agree: { ...near, whole: ['accScale'] },
  flops: ({ N, K }) => 8 * N * K,
});

/** `out = x.scale * x.codes`: quantised rows as numbers. */
export const dequantizeRows = op<(out: Mat, x: Quantized) => void>({
  args: [output('out', 'M', 'K'), quantized('x', 'M', 'K')],
  independent: 'row',
  agree: 'exact',
  flops: ({ M, K }) => M * K,
});

/**
 * Per row: `ternary`, `ternary-mse` or `int8` codes and their scale. As for weights, a value that is not finite makes the
 * scale NaN or infinite and the codes 0, so that products are NaN: a quantiser must not hide it.
 */
export const quantizeRows = op<(outCodes: Codes, outScale: Mat, x: Mat, rule: ActivationRule) => void>({
  args: [
    output('outCodes', 'M', 'K', { dtype: 'i8' }),
    output('outScale', 'M', 1),
    input('x', 'M', 'K'),
    choice('rule', ACTIVATION_RULES),
  ],
  independent: 'row',
  agree: 'exact',
  flops: ({ M, K }) => 3 * M * K,
});
