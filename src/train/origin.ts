import { FlashError } from '../core/errors.ts';
import type { Checkpoint } from './checkpoint-files.ts';

/** Hashes of what a run's weights belong to, beside its data. Every checkpoint carries them. */
export interface Origin {
  /** Of everything in the recipe that affects the weights. */
  readonly recipe: string;
  /** Of everything that decides which ids a text gets. */
  readonly tokenizer: string;
}

/**
 * Compares what a checkpoint belongs to with what lies beside it now.
 * @returns whether the recipe is the same.
 * @throws FlashError when the tokenizer (at `tokenizerPath`) is not: the ids of every text would be wrong.
 */
export function isSameRecipe(
  { state }: Pick<Checkpoint, 'state'>,
  now: Origin,
  tokenizerPath: string,
): boolean {
  // Checkpoints of earlier versions do not name their tokenizer.
  const { recipe, tokenizer = now.tokenizer } = state;
  if (tokenizer !== now.tokenizer) {
    throw new FlashError('The tokenizer is not the one that the run was trained with', {
      where: tokenizerPath,
      remedy: "Put the run's own tokenizer.json back.",
    });
  }
  return recipe === now.recipe;
}
