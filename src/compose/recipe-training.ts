import type { Backend } from '../core/backend.ts';
import { computeOn } from '../core/compute.ts';
import type { Path } from '../core/hook.ts';
import { memoryOf } from '../core/memory.ts';
import { createOptimizer, createSchedule } from '../recipes/create.ts';
import type { Recipe } from '../recipes/load.ts';
import type { Batches, TrainerOptions, TrainerParts } from '../train/trainer.ts';
import { composeModel } from './run.ts';

/** A recipe's training on batches that are given, on a backend that is given, with no run directory and no end. */
export type MakeTraining = (
  backend: Backend,
  path: Path,
) => { readonly parts: TrainerParts; readonly options: TrainerOptions };

/** Training as a recipe says, on batches of `tokens` tokens, for as many steps as are asked for. */
export function recipeTraining(recipe: Recipe, batches: Batches, tokens: number): MakeTraining {
  return (backend, path) => {
    const model = composeModel(recipe, backend);
    const optimizer = createOptimizer(recipe.optimizer);
    const never = Number.POSITIVE_INFINITY;
    return {
      parts: {
        model,
        optimizer,
        optimizerPlan: optimizer.plan(model.store.all, memoryOf(backend)),
        schedule: createSchedule(recipe.schedule),
        decaySchedule: createSchedule(recipe.weight_decay_schedule),
        batches,
      },
      options: {
        limits: { steps: never, tokens: never, epochs: never, seconds: never },
        measure: 'steps',
        clip: recipe.train.clip,
        seed: recipe.train.seed,
        collapse: path === 'collapsed' ? 'auto' : 'never',
        seqLen: recipe.data.seq_len,
        tokensPerStep: tokens,
        tokensPerEpoch: tokens,
        blockRows: recipe.train.block_rows,
        compute: computeOn(backend, recipe.compute),
      },
    };
  };
}
