import type { Kernels } from '../core/kernels.ts';
import type { Mat } from '../core/tensor.ts';

/**
 * The global norm of the gradients, summed in float64, and, when it exceeds `limit`, the gradients scaled down to it.
 * `limit` null never clips: zero is not a way to say "off".
 */
export function clipGradients(k: Kernels, grads: Mat, limit: number | null): number {
  const norm = Math.sqrt(k.sumSquares(grads));
  if (limit !== null && norm > limit) k.scale(grads, limit / norm);
  return norm;
}
