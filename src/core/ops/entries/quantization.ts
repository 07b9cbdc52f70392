import { ACTIVATION_RULES, type ActivationRule, WEIGHT_RULES, type WeightRule } from '../../choices.ts';
import type { Codes, Mat } from '../../tensor.ts';
import { choice, input, op, output } from '../arguments.ts';

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
