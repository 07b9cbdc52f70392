import type { TensorEntry } from '../../src/train/safetensors.ts';
import { ELEMENT_TYPES, type SafetensorsDType } from '../../src/train/safetensors-header.ts';

/** A tensor whose values are a function of their index. */
export function tensor(
  name: string,
  dtype: SafetensorsDType,
  shape: number[],
  fill: (index: number) => number,
): TensorEntry {
  const data = new ELEMENT_TYPES[dtype](shape.reduce((a, b) => a * b, 1)).map((_, index) => fill(index));
  return { name, dtype, shape, data };
}
