import { FlashError } from '../core/errors.ts';
import { callback, changes } from '../recipes/check-options.ts';
import type { Change } from '../recipes/load.ts';
import { loadTrained, type Trained } from './trained.ts';

/** How a run is opened that is named by its directory. */
export interface OpenOptions {
  /** Changes of its recipe, as `--set` takes them: `backend=reference`, `train.threads=1`. */
  readonly set?: readonly Change[];
  /** What a person should know, in whole sentences. Default: written to standard error. */
  readonly onNotice?: (notice: string) => void;
}

export const OPEN_OPTIONS = { set: changes, onNotice: callback };

export const noteOnError = (notice: string): void => console.error(notice);

/**
 * A trained model, and what closes it again when `run` is a directory, for which it was opened.
 * @throws FlashError for changes of a model that is open already.
 */
export async function openTrained(
  run: string | Trained,
  { set = [], onNotice = noteOnError }: OpenOptions,
): Promise<{ readonly trained: Trained; readonly close: () => void }> {
  if (typeof run !== 'string') {
    if (set.length > 0)
      throw new FlashError('`set` has no effect on a model that is open: give it to loadTrained');
    return { trained: run, close: () => {} };
  }
  const trained = await loadTrained(run, set, onNotice);
  return { trained, close: () => trained.composed.dispose() };
}

/** Calls `work` with what `openTrained` opens. */
export async function withTrained<T>(
  run: string | Trained,
  options: OpenOptions,
  work: (trained: Trained) => T | Promise<T>,
): Promise<T> {
  const { trained, close } = await openTrained(run, options);
  try {
    return await work(trained);
  } finally {
    close();
  }
}
