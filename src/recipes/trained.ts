import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { commandLine } from '../core/command-line.ts';
import { FlashError } from '../core/errors.ts';
import { Tokenizer } from '../data/tokenizer/tokenizer.ts';
import { latestCheckpoint, readCheckpoint } from '../train/checkpoint-files.ts';
import { runFiles } from '../train/run-directory.ts';
import { restoreWeights } from '../train/snapshot.ts';
import { type ComposedRun, composeRun } from './compose.ts';
import { loadRecipe, type Recipe } from './load.ts';

/** A trained model with everything it needs to read and write text. */
export interface Trained {
  readonly recipe: Recipe;
  readonly composed: ComposedRun;
  readonly tokenizer: Tokenizer;
  /** The checkpoint it was read from. */
  readonly checkpoint: string;
  readonly step: number;
}

/**
 * Reads a run's newest whole checkpoint, or the checkpoint that `path` names. Needs no lock: a run may go on meanwhile.
 * @throws FlashError when there is none, or it is another model's.
 */
export async function loadTrained(
  path: string,
  set: readonly string[],
  onNotice: (notice: string) => void,
): Promise<Trained> {
  const isCheckpoint = existsSync(join(path, 'model.safetensors'));
  const runDir = isCheckpoint ? dirname(dirname(path)) : path;
  const files = runFiles(runDir);
  if (!existsSync(files.recipe)) {
    throw new FlashError('This is neither a run directory nor a checkpoint of one', {
      where: path,
      remedy: `Give a directory that ${commandLine`train`} has made, such as runs/<recipe>-<date>.`,
      exitCode: 2,
    });
  }
  const recipe = await loadRecipe(files.recipe, { set });
  const tokenizer = Tokenizer.load(files.tokenizer);
  const checkpoint = isCheckpoint
    ? await readCheckpoint(path)
    : await latestCheckpoint(files.checkpoints, onNotice);
  if (!checkpoint) throw new FlashError('The run has no whole checkpoint', { where: basename(runDir) });
  const composed = composeRun(recipe);
  try {
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
