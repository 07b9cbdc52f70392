import { createHash } from 'node:crypto';
import { recipeTraining } from '../../src/compose/recipe-training.ts';
import type { Backend } from '../../src/core/backend.ts';
import { loadRecipe } from '../../src/recipes/load.ts';
import { Trainer } from '../../src/train/trainer.ts';
import { randomTokens } from '../properties/models.ts';

/** Recipes whose first steps must keep their bits, and the backends on which they are quick enough. */
export const RECIPES = ['v61', 'v61-a8', 'v61-debug', 'shift'];
export const STEPS = 3;

/** What the first steps leave: losses and gradient norms as they are, weights and optimiser slots as checksums. */
export interface Bits {
  readonly losses: readonly number[];
  readonly gradNorms: readonly number[];
  readonly parameters: string;
  readonly slots: string;
}

const checksum = (arrays: Iterable<Float32Array | Float64Array>): string => {
  const hash = createHash('sha256');
  for (const one of arrays) hash.update(new Uint8Array(one.buffer, one.byteOffset, one.byteLength));
  return hash.digest('hex').slice(0, 32);
};

/** The first steps of a recipe of the library on random tokens, collapsed where the recipe is. */
export async function bitsOf(name: string, backend: Backend): Promise<Bits> {
  const recipe = await loadRecipe(name);
  const tokens = recipe.data.seq_len * 2;
  const batches = {
    fill: (step: number, ids: Int32Array, targets: Int32Array): void => {
      const drawn = randomTokens(tokens, recipe.tokenizer.vocab, step);
      ids.set(drawn.ids);
      targets.set(drawn.targets);
    },
  };
  const path = recipe.collapse === 'auto' ? 'collapsed' : 'dense';
  const { parts, options } = recipeTraining(recipe, batches, tokens)(backend, path);
  const [losses, gradNorms]: [number[], number[]] = [[], []];
  const onStep = (event: { readonly loss: number; readonly gradNorm: number }): void => {
    losses.push(event.loss);
    gradNorms.push(event.gradNorm);
  };
  const limits = { ...options.limits, steps: STEPS };
  await new Trainer(parts, { ...options, limits }, [{ onStep }]).run();
  return {
    losses,
    gradNorms,
    parameters: checksum([parts.model.store.values.data]),
    slots: checksum(parts.optimizerPlan.slots.map(({ flat }) => flat.data)),
  };
}
