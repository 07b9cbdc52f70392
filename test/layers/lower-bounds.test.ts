import { expect, it } from 'vitest';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { composeModel } from '../../src/compose/run.ts';
import { type Mat, mat } from '../../src/core/tensor.ts';
import { loadRecipe } from '../../src/recipes/load.ts';

const { kernels } = createReferenceBackend('f64');
const LAYERS = 3;

const of = (rows: number, cols: number, values: readonly number[]): Mat => {
  const m = mat('f64', rows, cols, 'm');
  m.data.set(values);
  return m;
};

/** The gate of z = -1e9, which lets through what its lower bound is. */
function boundOf(layer: number, logits: Mat): number {
  const out = mat('f64', 1, 2, 'out');
  kernels.forgetGate(out, of(1, 2, [-1e9, 0]), logits, null, 0, layer, LAYERS);
  return out.data[0]!;
}

it('learned lower bounds rise from 0 in the first layer by the softmax over the layers', () => {
  const logits = of(LAYERS, 1, [Math.log(0.5), Math.log(0.2), Math.log(0.3)]);
  const bounds = [0, 1, 2].map((layer) => boundOf(layer, logits));
  for (const [layer, bound] of [0, 0.2, 0.5].entries()) expect(bounds[layer]).toBeCloseTo(bound, 12);
});

it('all gates of a model share the logits of their lower bounds, a row for each layer', async () => {
  const gate = '[{ternary_linear: {out: 16}}, {forget_gate: {lower_bound: learned}}, scan]';
  const recipe = await loadRecipe('shift', {
    set: [
      `model=[{embedding: {vocab: 512, dim: 8}}, {repeat: ${LAYERS}, layers: ${gate}}, tied_head]`,
      'tokenizer.vocab=512',
    ],
  });
  const { all } = composeModel(recipe, createReferenceBackend('f32')).store;
  const shared = all.filter(({ name }) => name.startsWith('lower_bounds'));
  expect(shared.map(({ rows, cols, uses }) => [rows, cols, uses.length])).toEqual([[LAYERS, 8, LAYERS - 1]]);
});
