import type { NativeMutant } from '../mutant.ts';

/** Optimisers and the norm of gradients. */
export const OPTIMISER_MUTANTS: readonly NativeMutant[] = [
  {
    id: 'adamw-step-wraps',
    fault: 'the step number is kept in 8 bits',
    file: 'kernels/adamw.inl',
    at: 'for (int64_t n = «step»; n; n >>= 1',
    wrong: 'step & 255',
  },
  {
    id: 'adamw-power-f32',
    fault: 'the powers of the decay rates are rounded to float32',
    file: 'kernels/adamw.inl',
    at: 'return «result»;',
    wrong: 'static_cast<float>(result)',
  },
  {
    id: 'adamw-rest1-f32',
    fault: '1 - beta1 is formed in float32',
    file: 'kernels/adamw.inl',
    at: 'rest1 = constant(«1 - args.beta1»)',
    wrong: '1.0f - static_cast<float>(args.beta1)',
  },
  {
    id: 'adamw-rest2-f32',
    fault: '1 - beta2 is formed in float32',
    file: 'kernels/adamw.inl',
    at: 'rest2 = constant(«1 - args.beta2»)',
    wrong: '1.0f - static_cast<float>(args.beta2)',
  },
  {
    id: 'adamw-square-first',
    fault: 'the square of the gradient is formed first, which overflows from 1e20 on',
    file: 'kernels/adamw.inl',
    at: 'added = «simd::mul(simd::mul(rest2, gradient), gradient)»',
    wrong: 'simd::mul(rest2, simd::mul(gradient, gradient))',
  },
  {
    id: 'adamw-eps-inside',
    fault: 'eps is added under the root',
    file: 'kernels/adamw.inl',
    at: '«simd::fma(simd::sqrt(square), spread, eps)»',
    wrong: 'simd::mul(simd::sqrt(simd::add(square, eps)), spread)',
  },
  {
    id: 'adamw-decay-rounded',
    fault: 'the weight is multiplied by 1 - lr * decay, which rounds the share to float32',
    file: 'kernels/adamw.inl',
    at: 'simd::sub(«simd::fnma(share, weight, weight)», update)',
    wrong: 'simd::mul(simd::sub(simd::broadcast(1.0f), share), weight)',
  },
  {
    id: 'adamw-spread-unrooted',
    fault: 'the correction of the second moment is not rooted',
    file: 'kernels/adamw.inl',
    at: '1 / «__builtin_sqrt(1 - power(args.beta2, args.step))»',
    wrong: '(1 - power(args.beta2, args.step))',
  },
  {
    id: 'sgd-decay-missing',
    fault: 'weight decay is left out',
    file: 'kernels/sgd_momentum.inl',
    at: 'gradient = «simd::fma(decay, weight, take(g + i, part))»',
    wrong: 'take(g + i, part)',
  },
  {
    id: 'sgd-momentum-unused',
    fault: 'the step is made without momentum',
    file: 'kernels/sgd_momentum.inl',
    at: 'simd::fnma(lr, «velocity», weight)',
    wrong: 'gradient',
  },
  {
    id: 'norm-total-f32',
    fault: 'the sum of squares of a matrix is carried in float32',
    file: 'kernels/sum_squares.inl',
    at: 'total += «sums[chunk]»;',
    wrong: 'static_cast<float>(total + sums[chunk]) - total',
  },
  {
    id: 'norm-squares-f32',
    fault: 'the squares of the gradient norm are formed in float32, where they overflow',
    file: 'simd/avx2.h',
    at: 'lanes[first] = «_mm256_fmadd_pd(a, a, lanes[first])»;',
    wrong:
      '_mm256_add_pd(lanes[first], _mm256_cvtps_pd(_mm_mul_ps(_mm256_castps256_ps128(x), _mm256_castps256_ps128(x))))',
  },
];
