import { recipeTraining } from '../../src/compose/recipe-training.ts';
import type { Backend } from '../../src/core/backend.ts';
import type { StepEvent } from '../../src/core/hook.ts';
import type { OpName } from '../../src/core/kernels.ts';
import { wrapKernels } from '../../src/core/ops/wrap-kernels.ts';
import type { Recipe } from '../../src/recipes/load.ts';
import { Trainer } from '../../src/train/trainer.ts';
import { randomTokens } from '../properties/models.ts';

/** Trains a recipe on random tokens for a few steps, by default other ones in each. */
export async function trainOn(
  recipe: Recipe,
  backend: Backend,
  steps = 2,
  texts = steps,
): Promise<StepEvent[]> {
  const tokens = recipe.data.seq_len * 4;
  const batches = {
    fill: (step: number, ids: Int32Array, targets: Int32Array): void => {
      const drawn = randomTokens(tokens, recipe.tokenizer.vocab, step % texts);
      ids.set(drawn.ids);
      targets.set(drawn.targets);
    },
  };
  const { parts, options } = recipeTraining(
    recipe,
    batches,
    tokens,
  )(backend, recipe.collapse === 'auto' ? 'collapsed' : 'dense');
  const events: StepEvent[] = [];
  const limits = { ...options.limits, steps };
  await new Trainer(parts, { ...options, limits }, [{ onStep: (event) => void events.push(event) }]).run();
  return events;
}

/** A backend one of whose ops does something else after it has run. */
export function spoil<K extends OpName>(
  inner: Backend,
  op: K,
  after: (values: readonly unknown[]) => void,
): Backend {
  const kernels = wrapKernels(inner.kernels, (name, values, call) => {
    const result = call();
    if (name === op) after(values);
    return result;
  });
  return { ...inner, name: `spoilt(${inner.name})`, kernels };
}
