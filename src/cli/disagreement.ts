import { join } from 'node:path';
import { DisagreementError } from '../backends/diff/diff.ts';
import { commandLine, shellWords } from '../core/command-line.ts';
import { FlashError } from '../core/errors.ts';
import { cacheDir } from '../data/cache-dir.ts';
import { shown } from '../recipes/read-file.ts';
import { saveRecording } from '../verify/recording-file.ts';

/** Puts the call on which two backends disagree into a file, and says how to run it again; other errors stay as they are. */
export async function keepRecording(error: unknown): Promise<unknown> {
  if (!(error instanceof DisagreementError)) return error;
  const { message, where, exitCode, recording, plugins } = error;
  let remedy: string;
  try {
    const path = await saveRecording(recording, join(cacheDir(), 'recordings'));
    const files = plugins.map((file) => shown(file));
    const flag = files.length > 0 ? shellWords` --plugin ${files}` : '';
    remedy = `Run that call alone: ${commandLine`replay ${shown(path)}`}${flag}`;
  } catch (cause) {
    remedy = `The call could not be saved: ${(cause as Error).message}`;
  }
  return new FlashError(message, { where, remedy, exitCode, cause: error });
}
