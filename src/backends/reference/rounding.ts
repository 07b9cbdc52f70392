import type { FloatPrecision } from '../../core/compute.ts';
import type { Mat } from '../../core/tensor.ts';

/** Ties go to the even neighbour. */
export function roundHalfEven(x: number): number {
  const r = Math.round(x);
  return r - x === 0.5 && r % 2 !== 0 ? r - 1 : r;
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);
const SMALLEST_NORMAL = 2 ** -126;

/**
 * float32 rounded to bf16: the upper 16 bits, ties to even. What is below the smallest normal number counts as 0, as it
 * does for the processors' bf16 instructions.
 */
export function bf16(x: number): number {
  float[0] = x;
  if (Math.abs(float[0]) < SMALLEST_NORMAL) return 0;
  if (Number.isNaN(x)) return x;
  bits[0] = (bits[0]! + 0x7fff + ((bits[0]! >>> 16) & 1)) & 0xffff0000;
  return float[0];
}

/** What a matrix product takes for `m`: its values rounded to the product's precision. */
export function rounded(m: Mat, precision: FloatPrecision): Float64Array {
  return precision === 'f32' ? new Float64Array(m.data) : Float64Array.from(m.data, bf16);
}

/** Below this a row or column counts as all zero: 127 divided by it must be a number. */
const MIN_MAGNITUDE = 2 ** -96;

/** Codes of values that share one scale: `value = scale * code`, code in [-127, 127]. */
export interface Int8Values {
  readonly scale: number;
  readonly codes: Float64Array;
}

/**
 * Symmetric int8 in float32 arithmetic, step by step, so that every backend finds the same codes: `scale = max|x| / 127`,
 * `code = round_half_even(x * (127 / max|x|))`. A NaN or an infinity among the values makes the scale NaN.
 */
export function quantizeInt8(values: ArrayLike<number>): Int8Values {
  let max = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]!);
    if (!Number.isFinite(size)) return { scale: Number.NaN, codes: new Float64Array(values.length) };
    if (size > max) max = size;
  }
  if (max < MIN_MAGNITUDE) return { scale: 0, codes: new Float64Array(values.length) };
  const inverse = Math.fround(127 / max);
  return {
    scale: Math.fround(max / 127),
    codes: Float64Array.from(values, (x) => roundHalfEven(Math.fround(x * inverse))),
  };
}
