export const WEIGHT_RULES = ['absmean', 'absmedian'] as const;
export const ACTIVATION_RULES = ['ternary', 'ternary-mse', 'int8'] as const;
export const ACTIVATION_FNS = [
  'silu',
  'sigmoid',
  'tanh',
  'relu',
  'relu2',
  'gelu',
  'gelu_tanh',
  'softplus',
] as const;
/** Columns of a head that RoPE rotates together: the i-th of both halves, or neighbours. */
export const ROPE_LAYOUTS = ['half', 'interleaved'] as const;
export type RopeLayout = (typeof ROPE_LAYOUTS)[number];
export type WeightRule = (typeof WEIGHT_RULES)[number];
export type ActivationRule = (typeof ACTIVATION_RULES)[number];
/** An activation function of one number; `backends/reference/activation.ts` defines each with its derivative. */
export type ActivationFn = (typeof ACTIVATION_FNS)[number];

/** Rows that a causal convolution reads at most, the present one among them. */
export const MAX_CONV_WIDTH = 8;
