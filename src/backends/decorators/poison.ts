import type { Tensor } from '../../core/tensor.ts';

/** Fills what should be overwritten or never read again with NaN, or the most negative integer. */
export function poison({ dtype, data }: Tensor): void {
  data.fill(dtype === 'f32' || dtype === 'f64' ? Number.NaN : dtype === 'i32' ? -(2 ** 31) : -128);
}
