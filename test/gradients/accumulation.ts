import { deepStrictEqual } from 'node:assert/strict';
import type { Kernels } from '../../src/core/kernels.ts';
import type { LayerCase } from '../../src/verify/layer-case.ts';

/** Throws unless backward writes all of dx, adds to the gradients, and leaves everything else as it is. */
export function expectAccumulation(test: LayerCase, k: Kernels): void {
  // Multiples of 1/1024: sums of them, and of their products, are exact in whatever order they are formed.
  for (const { data } of [test.x, test.dy])
    for (let i = 0; i < data.length; i++) data[i] = Math.round(data[i]! * 1024) / 1024;
  /** Of each parameter, and of each further use of one. */
  const grads = () => test.store.all.flatMap(({ grad, uses }) => [grad, ...uses.map((use) => use.grad)]);
  test.forward(k);
  test.store.zeroGrads();
  test.backward(k);
  const once = { dx: test.dx.data.slice(), grads: grads().map(({ data }) => data.slice()) };
  const inputs = [test.x, test.dy, test.store.values].map((t) => t.data.slice());

  test.dx.data.fill(Number.NaN);
  test.forward(k);
  test.backward(k);
  deepStrictEqual(test.dx.data, once.dx);
  // x + x is exact, so the second pass must double the first to the bit.
  deepStrictEqual(
    grads().map(({ data }) => data),
    once.grads.map((data) => data.map((g) => 2 * g)),
  );
  deepStrictEqual(
    [test.x, test.dy, test.store.values].map((t) => t.data),
    inputs,
  );
}
