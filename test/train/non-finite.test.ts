import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createNativeBackend, nativeStatus } from '../../src/backends/native/index.ts';
import { createReferenceBackend } from '../../src/backends/reference/index.ts';
import { recipeTraining } from '../../src/compose/recipe-training.ts';
import type { Backend } from '../../src/core/backend.ts';
import { ACTIVATION_RULES } from '../../src/core/choices.ts';
import { FlashError } from '../../src/core/errors.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { Trainer } from '../../src/train/trainer.ts';
import { folder } from '../recipes/helpers.ts';
import type { Fault } from './non-finite-layers.ts';

const PLUGIN = fileURLToPath(new URL('./non-finite-layers.ts', import.meta.url));
const BACKENDS: [name: string, create: () => Backend][] = [
  ['the reference', () => createReferenceBackend('f32')],
  ...(nativeStatus().available ? [['native kernels', createNativeBackend] as [string, () => Backend]] : []),
];
const TOKENS = 16;

/** Trains three steps of a model with `layers` in it, with one block or more where rows are few; what that ends with. */
async function train(layers: readonly string[], create: () => Backend): Promise<FlashError | null> {
  const text = `
plugins: [${JSON.stringify(PLUGIN)}]
model:
  - embedding: { vocab: 300, dim: 8, init: { normal: 0.5 } }
${layers.map((layer) => `  - ${layer}\n`).join('')}  - tied_head
optimizer: { type: sgd, lr: 0.01 }
train: { steps: 3, block_rows: 8 }
collapse: never
`;
  const recipe = await loadRecipe(`${folder({ 'recipe.yaml': text })}/recipe.yaml`);
  const batches = {
    fill(step: number, ids: Int32Array, targets: Int32Array): void {
      for (let i = 0; i < TOKENS; i++) [ids[i], targets[i]] = [(7 * i + step) % 300, (5 * i + step) % 300];
    },
  };
  const backend = create();
  const { parts, options } = recipeTraining(recipe, batches, TOKENS)(backend, 'dense');
  try {
    await new Trainer(parts, { ...options, limits: { ...options.limits, steps: 3 }, seqLen: 8 }).run();
    return null;
  } catch (error) {
    if (error instanceof FlashError) return error;
    throw error;
  } finally {
    backend.dispose();
  }
}

const UP = 'ternary_linear: { name: up, out: 8 }';

describe.each(BACKENDS)('on %s', (_, create) => {
  it.each([
    ['forward', 'forward of culprit left NaN in culprit/out (row 0, column 5)', 'forward'],
    ['backward', 'backward of culprit left NaN in up/grad (row 0, column 5)', 'backward'],
    ['gradient', 'backward of culprit left NaN in grad(culprit.gain) (row 0, column 2)', 'backward'],
    ['mid', 'add was given NaN in culprit/mid (row 0, column 5)', 'forward'],
  ] satisfies [Fault, string, string][])(
    'NaN that a layer makes in its %s is blamed on that layer',
    async (fault, first, pass) => {
      const error = await train([UP, `nan_${fault}: { name: culprit }`, UP, 'rms_norm'], create);
      expect(error?.message).toMatch(/^step 1: (loss|gradient norm) is NaN; first: /);
      expect(error?.message).toContain(`first: ${first}`);
      expect(error?.where).toBe(`culprit (nan_${fault}), ${pass}`);
      expect(error?.remedy).toMatch(/^The step was not applied\. /);
    },
  );

  it.each(ACTIVATION_RULES)('NaN before a quantised linear with %s rows ends training', async (rule) => {
    const quantised = `ternary_linear: { out: 8, activations: ${rule} }`;
    const error = await train(['nan_forward: { name: culprit }', quantised, 'rms_norm'], create);
    expect(error?.where).toBe('culprit (nan_forward), forward');
  });

  it('a model without NaN trains on', async () => {
    expect(await train([UP, 'rms_norm'], create)).toBeNull();
  });
});
