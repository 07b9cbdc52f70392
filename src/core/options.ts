import { z } from 'zod';
import type { Init } from './parameter.ts';

/** A whole number of at least 1 that fits the kernels' 32-bit dimensions. */
export const count = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);

/** Steps between two events, or null for never in between. */
export const every = count.nullable();

/** First values of a parameter. */
export const init = z.union([
  z.strictObject({ normal: z.number().min(0).describe('Normal with mean 0 and this standard deviation.') }),
  z.strictObject({ constant: z.number().describe('All equal.') }),
]);

/** First values of a matrix [columns that come out x columns that come in]. */
export const matrixInit = z
  .union([z.literal('fan_in'), z.literal('fan_out'), init])
  .default('fan_in')
  .describe(
    'First values; fan_in: normal with standard deviation 1/sqrt(columns that come in); fan_out: sqrt(2/columns that come out).',
  );

/** The first values that a `matrixInit` option means. */
export function initOf(init: z.infer<typeof matrixInit>, inCols: number, outCols: number): Init {
  if (init === 'fan_in') return { normal: 1 / Math.sqrt(inCols) };
  return init === 'fan_out' ? { normal: Math.sqrt(2 / outCols) } : init;
}

/** A number of tokens: `5000000`, `500k`, `10M`. */
export const tokenCount = z.union([
  z.number().positive(),
  z.string().regex(/^\d+(\.\d+)?[kMG]?$/, 'expected a number of tokens such as 500k or 10M'),
]);

/** The number that `500k` means. */
export function amountOf(text: number | string): number {
  if (typeof text === 'number') return text;
  const unit = { k: 1e3, M: 1e6, G: 1e9 }[text.slice(-1)];
  return unit ? Number(text.slice(0, -1)) * unit : Number(text);
}

const SECONDS = { h: 3600, m: 60, s: 1 } as const;

/** A stretch of time: `2h`, `90m`, `45s`. */
export const duration = z.string().regex(/^\d+(\.\d+)?[hms]$/, 'expected a duration such as 2h, 90m or 45s');

/** Seconds of a `duration`. */
export function seconds(text: string): number {
  return Number(text.slice(0, -1)) * SECONDS[text.slice(-1) as keyof typeof SECONDS];
}
