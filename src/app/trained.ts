import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ComposedRun, composeRun } from '../compose/run.ts';
import { commandLine } from '../core/command-line.ts';
import { FlashError } from '../core/errors.ts';
import type { Tokenizer } from '../data/tokenizer/tokenizer.ts';
import { type Change, loadRecipe, type Recipe } from '../recipes/load.ts';
import { latestCheckpoint, readCheckpoint } from '../train/checkpoint-files.ts';
import { isSameRecipe, requireSameTokenizer } from '../train/fingerprints.ts';
import { runFiles } from '../train/run-directory.ts';
import { notARun } from '../train/run-list.ts';
import { restoreWeights } from '../train/snapshot.ts';
import { checkArguments } from './arguments.ts';
import { fingerprint } from './fingerprint.ts';
import { runTokenizer } from './run-tokenizer.ts';

/** A trained model with everything that reading and writing text needs. */
export interface Trained {
  readonly recipe: Recipe;
  readonly composed: ComposedRun;
  readonly tokenizer: Tokenizer;
  /** The path of the checkpoint that it was read from. */
  readonly checkpoint: string;
  readonly step: number;
}

/**
 * Reads the checkpoint at `path`, or the newest complete one of the run at `path`. Takes no lock: the run may be training.
 * @throws FlashError when there is no checkpoint, or its tensors or tokenizer are not those of the recipe.
 */
export async function loadTrained(
  path: string,
  set: readonly Change[],
  onNotice: (notice: string) => void,
): Promise<Trained> {
  checkArguments('loadTrained', { directory: path, changes: set, onNotice });
  // Resolved, because the run is the folder above the checkpoint, not above a link to it or above `.`.
  const real = await realpath(path).catch(() => path);
  const isCheckpoint = existsSync(join(real, 'model.safetensors'));
  const runDir = isCheckpoint ? dirname(dirname(real)) : real;
  const files = runFiles(runDir);
  if (!existsSync(files.recipe)) throw await notARun(path);
  const recipe = await loadRecipe(files.recipe, { set });
  const tokenizer = runTokenizer(files.tokenizer, recipe);
  const checkpoint = isCheckpoint
    ? await readCheckpoint(real)
    : await latestCheckpoint(files.checkpoints, onNotice);
  if (!checkpoint) {
    throw new FlashError('The run has no checkpoint yet', {
      where: files.checkpoints,
      remedy: `Train it: ${commandLine`train --resume ${runDir}`}`,
    });
  }
  const composed = composeRun(recipe);
  try {
    const current = { recipe: fingerprint(recipe), tokenizer: tokenizer.fingerprint };
    requireSameTokenizer(checkpoint, current, files.tokenizer);
    if (!isSameRecipe(checkpoint, current)) {
      onNotice(
        'The recipe has changed since the checkpoint: this model may write and score differently from the one that was trained.',
      );
    }
    for (const notice of composed.notices) onNotice(notice);
    await restoreWeights(composed.model, checkpoint.model);
  } catch (error) {
    composed.dispose();
    throw error;
  } finally {
    await checkpoint.close();
  }
  return { recipe, composed, tokenizer, checkpoint: checkpoint.path, step: checkpoint.step };
}
