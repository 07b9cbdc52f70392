import { FlashError } from '../core/errors.ts';
import { callback, changes } from '../recipes/check-options.ts';
import type { Change } from '../recipes/load.ts';
import { loadTrained, type Trained } from './trained.ts';

/** Options for opening a run by its directory. */
export interface OpenOptions {
  /** Changes to its recipe, in the syntax of `--set`: `backend=reference`, `train.threads=1`. */
  readonly set?: readonly Change[];
  /** Called with each notice for the user, in whole sentences. Default: prints it to standard error. */
  readonly onNotice?: (notice: string) => void;
}

export const OPEN_OPTIONS = { set: changes, onNotice: callback };

export const printNotice = (notice: string): void => console.error(notice);

/**
 * Opens the run in a directory; a model that is already open is returned as it is. `close` frees only a model that was
 * opened here.
 * @throws FlashError if `set` is given for a model that is already open.
 */
export async function openTrained(
  run: string | Trained,
  { set = [], onNotice = printNotice }: OpenOptions,
): Promise<{ readonly trained: Trained; readonly close: () => void }> {
  if (typeof run !== 'string') {
    if (set.length > 0)
      throw new FlashError('`set` has no effect on a model that is already open: pass it to loadTrained');
    return { trained: run, close: () => {} };
  }
  const trained = await loadTrained(run, set, onNotice);
  return { trained, close: () => trained.composed.dispose() };
}

/** Calls `work` with the model that `openTrained` returns, then closes it. */
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
