import type { WeightRule } from '../core/choices.ts';
import type { Kernels } from '../core/kernels.ts';
import type { Parameter } from '../core/parameter.ts';

/** Where a quantised parameter's scales come from: one for all of it, or one for each row. */
export const WEIGHT_SCALES = ['tensor', 'row'] as const;
export type WeightScale = (typeof WEIGHT_SCALES)[number];

/** Makes the codes and scales of a quantised parameter from its float master, and from `scales` where they are learned. */
export function quantizeMaster(
  kernels: Kernels,
  weight: Parameter,
  rule: WeightRule | 'learned',
  scales?: Parameter,
): void {
  const { codes, scale, rowScale } = weight.ternary;
  if (rule === 'learned') kernels.quantizeWeightBy(codes, rowScale ?? scale, weight.value, scales!.value);
  else if (rowScale) kernels.quantizeWeightRows(codes, rowScale, weight.value, rule);
  else kernels.quantizeWeight(codes, scale, weight.value, rule);
}
