import { z } from 'zod';
import { FlashError } from '../core/errors.ts';
import { changes, checkOptions } from '../recipes/check-options.ts';
import { type Change, loadRecipe, type Recipe } from '../recipes/load.ts';
import type { DoneEvent } from '../train/events.ts';
import { checkArguments } from './arguments.ts';
import { resumeRun, SESSION_OPTIONS, type Session, type SessionOptions, startRun } from './session.ts';
import { printNotice } from './with-trained.ts';

export interface TrainingOptions extends Partial<SessionOptions> {
  /** Changes of the recipe, as `--set` takes them: `optimizer.lr=0.02`, `train.steps=400`. */
  readonly set?: readonly Change[];
}

const RESUMING_OPTIONS = SESSION_OPTIONS.partial().extend({ set: changes.optional() });

const TRAINING_OPTIONS = RESUMING_OPTIONS.extend({ out: z.string().min(1).optional() });

/**
 * Trains a recipe (a file, a name of the library, or one that `loadRecipe` has read) to its end in a new directory in
 * `out`, as the command `train` does. `signal` ends it after the step under way. What is returned has the run's directory.
 * @throws FlashError when the recipe or its data can't be used, and when the loss stops being a number.
 */
export async function trainRecipe(
  recipe: string | Recipe,
  given: TrainingOptions & { readonly out?: string } = {},
): Promise<DoneEvent> {
  checkArguments('trainRecipe', { recipe });
  checkOptions('trainRecipe', 'the options', TRAINING_OPTIONS, given);
  const { out = 'runs', set = [], ...options } = given;
  if (typeof recipe !== 'string' && set.length > 0)
    throw new FlashError(
      'trainRecipe: `set` has no effect on a recipe that is loaded: give it to loadRecipe',
    );
  const loaded = typeof recipe === 'string' ? await loadRecipe(recipe, { set }) : recipe;
  return finish(await startRun(loaded, out, withDefaults(options)), options.signal);
}

/** Goes on with the run in `directory`, as the command `train --resume` does. `set` may only change what ends it. */
export async function resumeTraining(directory: string, given: TrainingOptions = {}): Promise<DoneEvent> {
  checkArguments('resumeTraining', { directory });
  checkOptions('resumeTraining', 'the options', RESUMING_OPTIONS, given);
  const { set = [], ...options } = given;
  return finish(await resumeRun(directory, withDefaults(options), set), options.signal);
}

const withDefaults = (options: Partial<SessionOptions>): SessionOptions => ({
  report: () => {},
  onNotice: printNotice,
  ...options,
});

const finish = (session: Session, signal?: AbortSignal): Promise<DoneEvent> =>
  session.run.run(signal).finally(() => session.close());
