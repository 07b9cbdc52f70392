import { FlashError } from '../core/errors.ts';
import type { Checkpoint } from './checkpoint-files.ts';

/** Hashes of the recipe and tokenizer that a run's weights belong to. Every checkpoint carries them. */
export interface Fingerprints {
  /** Of everything in the recipe that affects the weights. */
  readonly recipe: string;
  /** Of everything that decides which ids a text gets. */
  readonly tokenizer: string;
}

/**
 * Refuses a tokenizer other than the checkpoint's: the ids of every text would be wrong.
 * @param path The tokenizer's file, for the error.
 * @throws FlashError
 */
export function requireSameTokenizer(
  { state }: Pick<Checkpoint, 'state'>,
  { tokenizer }: Fingerprints,
  path: string,
): void {
  // Checkpoints of earlier versions do not name their tokenizer.
  if (state.tokenizer === undefined || state.tokenizer === tokenizer) return;
  throw new FlashError('The tokenizer is not the one that the run was trained with', {
    where: path,
    remedy: "Put the run's own tokenizer.json back.",
  });
}

export const isSameRecipe = ({ state }: Pick<Checkpoint, 'state'>, { recipe }: Fingerprints): boolean =>
  state.recipe === recipe;
