import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createRegistry } from '../../src/recipes/builtins.ts';
import { loadPlugins } from '../../src/recipes/plugins.ts';
import { checkLayer, isRight } from '../../src/verify/gradient-check.ts';
import { expectAccumulation } from './accumulation.ts';
import { keepsOutput } from './keeps-output.ts';
import { backend, ExampleCase } from './layer-case.ts';

const registry = createRegistry();
registry.use(keepsOutput);
const example = fileURLToPath(new URL('../../examples/plugin-layer.ts', import.meta.url));
for (const plugin of await loadPlugins([example], '.')) registry.use(plugin);

describe.each(registry.all('layer').map((c) => [c.type, c] as const))('%s', (_, component) => {
  describe.each(component.examples.map((e) => [JSON.stringify(e), e] as const))('%s', (_, options) => {
    it("the gradient is that of the layer's smooth function", () => {
      const test = new ExampleCase(registry, component, options);
      const results = checkLayer(test, backend.kernels);
      expect(results.map(({ of }) => of)).toEqual(['x', ...test.store.all.map((p) => p.name)]);
      expect(results.filter((result) => !isRight(result))).toEqual([]);
      // A gradient that is 0 everywhere may be right, but would show no mistake.
      expect(results.filter(({ zero }) => zero)).toEqual([]);
    });

    it('backward writes all of dx, adds to its gradients, and changes nothing else', () => {
      expectAccumulation(new ExampleCase(registry, component, options), backend.kernels);
    });
  });
});
