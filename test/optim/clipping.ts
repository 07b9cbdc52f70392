import type { Backend } from '../../src/core/backend.ts';
import { mat } from '../../src/core/tensor.ts';
import type { clipGradients } from '../../src/optim/clip.ts';

/** Throws unless clipping gives the norm, keeps the direction and never more than shortens. */
export function expectClipping(clip: typeof clipGradients, { kernels, real }: Backend): void {
  const check = (values: readonly number[], limit: number | null, length: number): void => {
    const grads = mat(real, 1, values.length, 'gradients');
    grads.data.set(values);
    const norm = Math.hypot(...grads.data);
    const expected = Array.from(grads.data, (v) => (v / norm) * length);
    const returned = clip(kernels, grads, limit);
    const what = `clip ${limit} of [${values}]`;
    if (!(Math.abs(returned - norm) <= 1e-6 * norm))
      throw new Error(`${what}: norm is ${returned}, not ${norm}`);
    expected.forEach((e, i) => {
      if (!(Math.abs(grads.data[i]! - e) <= 1e-6 * length))
        throw new Error(`${what}: element ${i} is ${grads.data[i]}, not ${e}`);
    });
  };
  check([3, -4], 10, 5);
  check([3, -4], 5, 5);
  check([3, -4], 1, 1);
  check([3, -4], null, 5);
  // Squares beyond float32, in both directions.
  check([3e30, -4e30], 1, 1);
  check([3e30, -4e30], null, 5e30);
  check([3e-30, -4e-30], 1e-30, 1e-30);
}
