import type { NativeMutant } from '../mutant.ts';

const adamw = { file: 'kernels/adamw.inl' } as const;

/** Kernels that go element by element or row by row. */
export const ELEMENTWISE_MUTANTS: readonly NativeMutant[] = [
  {
    ...adamw,
    id: 'adamw-step-wraps',
    fault: 'the step number is kept in 8 bits',
    at: 'for (int64_t n = «step»; n; n >>= 1',
    wrong: 'step & 255',
  },
  {
    ...adamw,
    id: 'adamw-power-f32',
    fault: 'the powers of the decay rates are rounded to float32',
    at: 'return «result»;',
    wrong: 'static_cast<float>(result)',
  },
  {
    ...adamw,
    id: 'adamw-rest2-f32',
    fault: '1 - beta2 is formed in float32',
    at: 'rest2 = constant(«1 - args.beta2»)',
    wrong: '1.0f - static_cast<float>(args.beta2)',
  },
];
