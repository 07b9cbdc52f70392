import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { StraightThrough } from '../../src/backends/decorators/straight-through.ts';
import { loadPlugins } from '../../src/recipes/plugins.ts';
import { createRegistry } from '../../src/recipes/registry.ts';
import { keepsOutput } from './keeps-output.ts';
import { backend, LayerCase } from './layer-case.ts';

const registry = createRegistry();
registry.use(keepsOutput);
const example = fileURLToPath(new URL('../../examples/plugin-layer.ts', import.meta.url));
for (const plugin of await loadPlugins([example], '.')) registry.use(plugin);

const STEP = 1e-5;
const BOUND = 1e-7;

/** Derivative by a value that `forward` reads: central, with the second-order error taken out (Richardson). */
function derivative(values: { [i: number]: number }, i: number, forward: () => number): number {
  const at = values[i]!;
  const slope = (h: number): number => {
    values[i] = at + h;
    const up = forward();
    values[i] = at - h;
    return (up - forward()) / (2 * h);
  };
  const result = (4 * slope(STEP / 2) - slope(STEP)) / 3;
  values[i] = at;
  return result;
}

function expectGradient(
  name: string,
  values: Float64Array,
  gradient: ArrayLike<number>,
  forward: () => number,
): void {
  const numeric = Float64Array.from(values, (_, i) => derivative(values, i, forward));
  const rms = Math.sqrt(numeric.reduce((sum, g) => sum + g * g, 0) / numeric.length);
  expect(rms, `${name} has no gradient to compare`).toBeGreaterThan(0);
  numeric.forEach((g, i) => {
    expect(
      Math.abs(gradient[i]! - g) / (Math.abs(g) + rms),
      `${name}[${i}]: ${gradient[i]} for ${g}`,
    ).toBeLessThan(BOUND);
  });
}

describe.each(registry.all('layer').map((c) => [c.type, c] as const))('%s', (_, component) => {
  describe.each(component.examples.map((e) => [JSON.stringify(e), e] as const))('%s', (_, options) => {
    it('has the gradient of its smooth function', () => {
      const test = new LayerCase(registry, component, options);
      const smooth = new StraightThrough(backend.kernels);
      const base = smooth.record();
      test.forward(base);
      test.store.zeroGrads();
      test.backward(base);
      const forward = (): number => test.forward(smooth.replay());
      const dx = test.dx.data.slice();
      expectGradient('x', test.x.data as Float64Array, dx, forward);
      for (const p of test.store.all) {
        expectGradient(p.name, p.value.data as Float64Array, p.grad.data.slice(), forward);
      }
    });

    it('writes all of dx, adds to its gradients, and leaves everything else as it is', () => {
      const test = new LayerCase(registry, component, options);
      test.forward(backend.kernels);
      test.store.zeroGrads();
      test.backward(backend.kernels);
      const once = { dx: test.dx.data.slice(), grads: test.store.grads.data.slice() };
      const inputs = [test.x, test.dy, test.store.values].map((t) => t.data.slice());

      test.dx.data.fill(Number.NaN);
      test.forward(backend.kernels);
      test.backward(backend.kernels);
      expect(test.dx.data).toEqual(once.dx);
      // x + x is exact, so the second pass must double the first to the bit.
      expect(test.store.grads.data).toEqual(once.grads.map((g) => 2 * g));
      expect([test.x, test.dy, test.store.values].map((t) => t.data)).toEqual(inputs);
    });
  });
});
