import type { DType, Tensor } from '../../core/tensor.ts';

/** The value put into elements that must be overwritten before they are read: NaN, or the minimum integer. */
const POISON: Readonly<Record<DType, number>> = {
  f32: Number.NaN,
  f64: Number.NaN,
  i32: -(2 ** 31),
  i8: -128,
  // All ones: NaN where the bytes are read as floats.
  u8: 0xff,
};

/** Fills a tensor that must be overwritten before it is read. */
export function poison({ dtype, data }: Tensor): void {
  data.fill(POISON[dtype]);
}

/** Index of the first element of an integer tensor that is still poison; -1 if there is none. */
export function findPoison({ dtype, data }: Tensor<'i8' | 'i32'>): number {
  return data.indexOf(POISON[dtype]);
}
