import { expect, it } from 'vitest';
import { z } from 'zod';
import { component } from '../../src/core/component.ts';
import type { Layer } from '../../src/core/layer.ts';
import { Activation } from '../../src/layers/activation.ts';
import { RmsNorm } from '../../src/layers/rms-norm.ts';
import { Sequence } from '../../src/layers/sequence.ts';
import { createRegistry } from '../../src/recipes/builtins.ts';
import { checkLayer, isRight } from '../../src/verify/gradient-check.ts';
import { backend, ExampleCase } from '../gradients/layer-case.ts';

/** A layer that is made of others in code, and forgets to name them as its children. */
const normed = component({
  kind: 'layer',
  type: 'normed_tanh',
  summary: 'A norm and a tanh.',
  schema: z.strictObject({}),
  examples: [{}],
  create: (_, { path, inCols, add }) => {
    const norm = add('norm', (inside) => new RmsNorm(inside, inCols, { gain: true, eps: 1e-6 }));
    const tanh = add('tanh', (inside) => new Activation(inside, inCols, 'tanh'));
    const { children: _children, ...made } = methodsOf(new Sequence(path, [norm, tanh]));
    return made as Layer;
  },
});

function methodsOf(layer: Layer): Layer {
  const { parameters, plan, prepare, forward, backward } = layer;
  const methods = { parameters, plan, prepare, forward, backward };
  const bound = Object.entries(methods).map(([name, method]) => [name, method!.bind(layer as never)]);
  return { ...layer, ...Object.fromEntries(bound) };
}

it('a layer composed in code shows its inner layers, with their paths', () => {
  const registry = createRegistry();
  registry.use({ name: 'test', register: (add) => add(normed) });
  const test = new ExampleCase(registry, normed as never, {});
  expect(test.layer.children!.map(({ path }) => path)).toEqual(['normed_tanh.norm', 'normed_tanh.tanh']);
  expect(checkLayer(test, backend.kernels).filter((result) => !isRight(result))).toEqual([]);
  expect([...test.layer.parameters()].map(({ name }) => name)).toEqual(['normed_tanh.norm.gain']);
});
