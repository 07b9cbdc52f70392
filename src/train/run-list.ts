import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { commandLine } from '../core/command-line.ts';
import { FlashError } from '../core/errors.ts';
import { errorCode, fileError } from '../files/files.ts';

/**
 * The run directories in `root`, sorted by the time in their names, the newest last. Empty if `root` does not exist.
 * @throws FlashError when it can't be read.
 */
export async function listRuns(root: string): Promise<string[]> {
  let entries: Awaited<ReturnType<typeof readFolder>>;
  try {
    entries = await readFolder(root);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw fileError(error, 'Cannot look for runs', root);
  }
  const runs = entries.flatMap((entry) => {
    const [, time, copy] = /-(\d{8}-\d{6})(?:-(\d+))?$/.exec(entry.name) ?? [];
    return time && entry.isDirectory() ? [{ name: entry.name, time, copy: Number(copy ?? 1) }] : [];
  });
  // Runs of the same second are sorted by name, so that the order is deterministic.
  runs.sort((a, b) => compare(a.time, b.time) || a.copy - b.copy || compare(a.name, b.name));
  return runs.map(({ name }) => join(root, name));
}

const MAX_SHOWN = 3;

/** The error for a `path` that is not a run; it names the newest runs in, beside or below it. */
export async function notARun(path: string): Promise<FlashError> {
  const what = existsSync(path)
    ? `${path} is neither a run directory nor a checkpoint of one`
    : `There is no run ${path}`;
  return new FlashError(what, { remedy: await suggest(path), exitCode: 2 });
}

async function suggest(path: string): Promise<string> {
  for (const root of [path, dirname(path), 'runs']) {
    const runs = await listRuns(root).catch(() => []);
    if (runs.length === 0) continue;
    const newest = runs.slice(-MAX_SHOWN).reverse();
    const more = runs.length > newest.length ? ` (and ${runs.length - newest.length} more)` : '';
    return `Existing runs, the newest first: ${newest.join(', ')}${more}`;
  }
  return trainFirst();
}

/** What to do where there is no run at all. */
export const trainFirst = (): string => `Train one first, such as: ${commandLine`train v61 --budget 45s`}`;

function readFolder(root: string) {
  return readdir(root, { withFileTypes: true });
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
