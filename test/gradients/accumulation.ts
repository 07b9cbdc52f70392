import { deepStrictEqual } from 'node:assert/strict';
import type { Kernels } from '../../src/core/kernels.ts';
import type { LayerCase } from '../../src/verify/layer-case.ts';

/** Throws unless backward writes all of dx, adds to the gradients, and leaves everything else as it is. */
export function expectAccumulation(test: LayerCase, k: Kernels): void {
  test.forward(k);
  test.store.zeroGrads();
  test.backward(k);
  const once = { dx: test.dx.data.slice(), grads: test.store.grads.data.slice() };
  const inputs = [test.x, test.dy, test.store.values].map((t) => t.data.slice());

  test.dx.data.fill(Number.NaN);
  test.forward(k);
  test.backward(k);
  deepStrictEqual(test.dx.data, once.dx);
  // x + x is exact, so the second pass must double the first to the bit.
  deepStrictEqual(
    test.store.grads.data,
    once.grads.map((g) => 2 * g),
  );
  deepStrictEqual(
    [test.x, test.dy, test.store.values].map((t) => t.data),
    inputs,
  );
}
