import { type Change, loadRecipe, type Recipe } from '../recipes/load.ts';
import type { DoneEvent } from '../train/events.ts';
import { resumeRun, type Session, type SessionOptions, startRun } from './session.ts';
import { noteOnError } from './with-trained.ts';

export interface TrainingOptions extends Partial<SessionOptions> {
  /** Changes of the recipe, as `--set` takes them: `optimizer.lr=0.02`, `train.steps=400`. */
  readonly set?: readonly Change[];
}

/**
 * Trains a recipe (a file, a name of the library, or one that `loadRecipe` has read) to its end in a new directory in
 * `out`, as the command `train` does. `signal` ends it after the step under way. What is returned has the run's directory.
 * @throws FlashError when the recipe or its data can't be used, and when the loss stops being a number.
 */
export async function trainRecipe(
  recipe: string | Recipe,
  { out = 'runs', set = [], ...options }: TrainingOptions & { readonly out?: string } = {},
): Promise<DoneEvent> {
  const loaded = typeof recipe === 'string' ? await loadRecipe(recipe, { set }) : recipe;
  return finish(await startRun(loaded, out, withDefaults(options)), options.signal);
}

/** Goes on with the run in `directory`, as the command `train --resume` does. `set` may only change what ends it. */
export async function resumeTraining(
  directory: string,
  { set = [], ...options }: TrainingOptions = {},
): Promise<DoneEvent> {
  return finish(await resumeRun(directory, withDefaults(options), set), options.signal);
}

const withDefaults = (options: Partial<SessionOptions>): SessionOptions => ({
  report: () => {},
  onNotice: noteOnError,
  ...options,
});

const finish = (session: Session, signal?: AbortSignal): Promise<DoneEvent> =>
  session.run.run(signal).finally(() => session.close());
