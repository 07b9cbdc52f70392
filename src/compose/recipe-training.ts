import type { Backend } from '../core/backend.ts';
import { computeOn } from '../core/compute.ts';
import type { StepMode } from '../core/hook.ts';
import { memoryOf } from '../core/memory.ts';
import { createOptimizer, createSchedule } from '../recipes/create.ts';
import type { Recipe } from '../recipes/load.ts';
import type { Batches, TrainerOptions, TrainerParts } from '../train/trainer.ts';
import { composeModel } from './run.ts';

/** Creates a recipe's training on a backend, without a run directory and without limits. */
export type MakeTraining = (
  backend: Backend,
  mode: StepMode,
) => { readonly parts: TrainerParts; readonly options: TrainerOptions };

/** Training with a recipe's settings, on `batches` of `tokens` tokens each; `resetAt` as in `TrainerOptions`. */
export function recipeTraining(
  recipe: Recipe,
  batches: Batches,
  tokens: number,
  resetAt?: number,
): MakeTraining {
  return (backend, mode) => {
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
        collapse: mode === 'collapsed' ? 'auto' : 'never',
        seqLen: recipe.data.seq_len,
        resetAt,
        tokensPerStep: tokens,
        tokensPerEpoch: tokens,
        blockRows: recipe.train.block_rows,
        compute: computeOn(backend, recipe.compute),
      },
    };
  };
}
