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

/** What each value of a recipe's `compute` means. `int8` is for gradients alone; the other products are then bf16. */
const WANTED: Readonly<Record<Precision, Compute>> = {
  f32: FLOAT32,
  bf16: { products: 'bf16', gradients: 'bf16' },
  int8: { products: 'bf16', gradients: 'int8' },
};

/** What a precision other than float32 is fast with. */
const INSTRUCTIONS: Readonly<Record<Exclude<Precision, 'f32'>, string>> = {
  bf16: 'bf16',
  int8: 'int8 dot product',
};

type Accelerating = { readonly accelerates: ReadonlySet<Precision> };

/** What a recipe's `compute` comes to on a backend: float32 wherever the backend is not faster in less. */
export function computeOn({ accelerates }: Accelerating, wanted: Precision): Compute {
  const { products, gradients } = WANTED[wanted];
  return {
    products: accelerates.has(products) ? products : 'f32',
    gradients: accelerates.has(gradients) ? gradients : 'f32',
  };
}

/** What a person should be told where `computeOn` gives less than a recipe's `compute` asks for; else undefined. */
export function computeNotice(
  backend: Accelerating & { readonly name: string },
  wanted: Precision,
): string | undefined {
  const { products, gradients } = WANTED[wanted];
  const lacking = [...new Set([gradients, products])].flatMap((one) =>
    one === 'f32' || backend.accelerates.has(one) ? [] : [INSTRUCTIONS[one]],
  );
  if (lacking.length === 0) return undefined;
  const ran = computeName(computeOn(backend, wanted));
  return `compute: ${wanted} runs as ${ran}: ${backend.name} has no ${lacking.join(' and no ')} instructions`;
}

/** As reports name it: the recipe's word where all runs that it asks for, else `int8 (products f32)`. */
export function computeName({ products, gradients }: Compute): string {
  return WANTED[gradients].products === products ? gradients : `${gradients} (products ${products})`;
}

/** For lines that say what ran: nothing for float32, which is what runs unless told otherwise. */
export function unlessFloat32(compute: string): string[] {
  return compute === 'f32' ? [] : [`compute ${compute}`];
}
