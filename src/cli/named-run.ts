import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FlashError } from '../core/errors.ts';
import { RunDirectory } from '../train/run-directory.ts';
import { trainFirst } from '../train/run-list.ts';

/** Where `train` puts runs without `--out`. */
export const RUNS = 'runs';

/** What `<run>` may be, for the help of a command. */
export const RUN_ARGUMENT =
  'the directory of a run (its newest checkpoint is taken) or of one checkpoint; latest: the newest run in runs/';

const LATEST = 'latest';

/**
 * The path of the run, or of the checkpoint of one, that an argument names. `latest` is the newest run in `root`,
 * `DIR/latest` the newest in DIR, `latest/checkpoints/...` what is in it; a file or folder that has the name wins.
 * @throws FlashError when there is no run.
 */
export async function namedRun(argument: string, root: string = RUNS): Promise<string> {
  const parts = argument.split('/');
  const at = parts.indexOf(LATEST);
  if (at < 0 || existsSync(argument)) return argument;
  const folder = at === 0 ? root : parts.slice(0, at).join('/') || '/';
  const run = await RunDirectory.findLatest(folder);
  if (run !== undefined) return join(run, ...parts.slice(at + 1));
  throw new FlashError('There is no run', {
    where: folder,
    remedy: `Name its directory, or the folder it is in: DIR/latest, or --out where the run is resumed. ${trainFirst()}`,
    exitCode: 2,
  });
}
