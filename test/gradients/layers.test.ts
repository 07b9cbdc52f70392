import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadPlugins } from '../../src/recipes/plugins.ts';
import { createRegistry } from '../../src/recipes/registry.ts';
import { checkLayer, isRight } from '../../src/verify/gradient-check.ts';
import { keepsOutput } from './keeps-output.ts';
import { backend, ExampleCase } from './layer-case.ts';

const registry = createRegistry();
registry.use(keepsOutput);
const example = fileURLToPath(new URL('../../examples/plugin-layer.ts', import.meta.url));
for (const plugin of await loadPlugins([example], '.')) registry.use(plugin);

describe.each(registry.all('layer').map((c) => [c.type, c] as const))('%s', (_, component) => {
  describe.each(component.examples.map((e) => [JSON.stringify(e), e] as const))('%s', (_, options) => {
    it('has the gradient of its smooth function', () => {
      const test = new ExampleCase(registry, component, options);
      const results = checkLayer(test, backend.kernels);
      expect(results.map(({ of }) => of)).toEqual(['x', ...test.store.all.map((p) => p.name)]);
      expect(results.filter((result) => !isRight(result))).toEqual([]);
    });

    it('writes all of dx, adds to its gradients, and leaves everything else as it is', () => {
      const test = new ExampleCase(registry, component, options);
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
