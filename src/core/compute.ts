/**
 * How the float operands of a matrix product are rounded before they are multiplied; sums are float32 at least. Ternary
 * codes and int8 codes are exact in all three.
 */
export const PRECISIONS = ['f32', 'bf16', 'int8'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** What products of two float operands can be rounded to. */
export const FLOAT_PRECISIONS = ['f32', 'bf16'] as const;
export type FloatPrecision = (typeof FLOAT_PRECISIONS)[number];

/** The precisions of one pass through a model. */
export interface Compute {
  /** Products of two float matrices: the head, dense layers. */
  readonly products: FloatPrecision;
  /** Gradients of products with ternary weights, of which one operand is exact. */
  readonly gradients: Precision;
}

/** What evaluation and generation always use, whatever training does. */
export const FLOAT32: Compute = { products: 'f32', gradients: 'f32' };

/**
 * What a recipe's `compute` comes to on a backend: float32 wherever the backend is not faster in less. `int8` is for
 * gradients alone; the other products are then bf16.
 */
export function computeOn(
  backend: { readonly accelerates: ReadonlySet<Precision> },
  wanted: Precision,
): Compute {
  const has = (precision: Precision) => backend.accelerates.has(precision);
  return {
    products: wanted !== 'f32' && has('bf16') ? 'bf16' : 'f32',
    gradients: has(wanted) ? wanted : 'f32',
  };
}
