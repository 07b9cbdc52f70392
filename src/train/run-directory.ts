import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { lstat, mkdir, realpath, rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { commandLine } from '../core/command-line.ts';
import { FlashError } from '../core/errors.ts';
import { discard, errorCode, fileError, makeFolder, syncFolder } from '../files/files.ts';
import { LockFile } from '../files/lock-file.ts';
import {
  type CheckpointContents,
  pruneCheckpoints,
  recoverCheckpoints,
  writeCheckpoint,
} from './checkpoint-files.ts';
import { MetricsLog, type ReopenOptions } from './metrics-log.ts';
import { listRuns, notARun } from './run-list.ts';

/** Where a run keeps what. Reading needs no lock: `latestCheckpoint(runFiles(path).checkpoints, warn)`. */
export interface RunFiles {
  readonly recipe: string;
  readonly tokenizer: string;
  readonly metrics: string;
  readonly samples: string;
  readonly checkpoints: string;
  readonly lock: string;
}

/** The files of the run directory at `path`. */
export function runFiles(path: string): RunFiles {
  return {
    recipe: join(path, 'recipe.yaml'),
    tokenizer: join(path, 'tokenizer.json'),
    metrics: join(path, 'metrics.jsonl'),
    samples: join(path, 'samples.txt'),
    checkpoints: join(path, 'checkpoints'),
    lock: join(path, 'run.lock'),
  };
}

/** A run directory that has not got everything in it yet; never found as a run. */
const UNFINISHED = '.new-';

/** A run's directory, held by this process alone until `close`. */
export class RunDirectory {
  readonly path: string;
  readonly files: RunFiles;
  readonly #lock: LockFile;
  #metrics?: MetricsLog;

  private constructor(path: string, lock: LockFile) {
    this.path = path;
    this.files = runFiles(path);
    this.#lock = lock;
  }

  /**
   * Makes `<root>/<recipe>-<yyyymmdd-hhmmss>/` (local time; `-2`, `-3`... when taken) and locks it. Of the recipe's
   * name only letters, digits and dots stay, so it can't lead out of `root`. `fill` writes what every run must have;
   * the directory gets its name after that, so a killed process leaves none that can't be gone on with. Throws
   * FlashError when it can't be made.
   */
  static async create(
    root: string,
    recipeName: string,
    date: Date = new Date(),
    fill: (files: RunFiles) => Promise<void> = async () => {},
  ): Promise<RunDirectory> {
    const base = join(resolve(root), `${slug(recipeName)}-${timestamp(date)}`);
    const unfinished = join(resolve(root), `${UNFINISHED}${randomUUID()}`);
    try {
      await makeFolder(root);
      await mkdir(unfinished);
      await mkdir(runFiles(unfinished).checkpoints);
      await fill(runFiles(unfinished));
      const path = await publish(unfinished, base);
      await syncFolder(root);
      return await RunDirectory.open(path);
    } catch (error) {
      await discard(unfinished);
      throw fileError(error, 'Cannot make a run directory', base);
    }
  }

  /**
   * Locks an existing run directory and clears away what a killed process left in it. Throws FlashError when it is
   * not a run directory, when another process holds it, or when it can't be written.
   */
  static async open(path: string): Promise<RunDirectory> {
    const real = await requireRunDirectory(path);
    const { lock: lockPath, checkpoints } = runFiles(real);
    const lock = await LockFile.acquire(lockPath, 'The run directory');
    try {
      await recoverCheckpoints(checkpoints);
      return new RunDirectory(real, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** The run directory in `root` that was made last, by the time in its name; undefined when there is none. */
  static async findLatest(root: string): Promise<string | undefined> {
    return (await listRuns(root)).at(-1);
  }

  /** Opens metrics.jsonl for a run that resumes after `step` (0: from the start); see MetricsLog.open. */
  openMetrics(step: number, options?: ReopenOptions): MetricsLog {
    this.#metrics?.close();
    this.#metrics = MetricsLog.open(this.files.metrics, step, options);
    return this.#metrics;
  }

  /**
   * Writes the checkpoint of `step` and returns its path (see `writeCheckpoint`). Throws FlashError when the disk
   * refuses; earlier checkpoints stay.
   */
  async writeCheckpoint(step: number, contents: CheckpointContents): Promise<string> {
    // A checkpoint that survives a power cut must find the lines up to its step beside it.
    this.#metrics?.sync();
    return writeCheckpoint(this.files.checkpoints, step, contents);
  }

  /** Deletes the checkpoints that are older than the `keep` newest up to `step` (see `pruneCheckpoints`). */
  async pruneCheckpoints(step: number, keep: number): Promise<void> {
    await pruneCheckpoints(this.files.checkpoints, step, keep);
  }

  /** Gives the directory free for other processes. */
  async close(): Promise<void> {
    try {
      this.#metrics?.close();
    } finally {
      this.#metrics = undefined;
      await this.#lock.release();
    }
  }
}

/** Gives the folder the first free name of `base`, `base-2`...; a rename never replaces a folder that has files. */
async function publish(folder: string, base: string): Promise<string> {
  for (let copy = 1; ; copy++) {
    const path = copy === 1 ? base : `${base}-${copy}`;
    try {
      await lstat(path);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      try {
        await rename(folder, path);
        return path;
      } catch (taken) {
        if (!['EEXIST', 'ENOTEMPTY', 'ENOTDIR'].includes(errorCode(taken) ?? '')) throw taken;
      }
    }
  }
}

/** The real path, if it is a run directory of which nothing lies elsewhere. */
async function requireRunDirectory(path: string): Promise<string> {
  try {
    const real = await realpath(path);
    const checkpoints = await lstat(runFiles(real).checkpoints);
    if (checkpoints.isDirectory()) return real;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' && errorCode(error) !== 'ENOTDIR') {
      throw fileError(error, 'Cannot open the run directory', path);
    }
  }
  if (existsSync(runFiles(path).recipe)) {
    throw new FlashError('The run directory has no folder `checkpoints`', {
      where: path,
      remedy: 'Put the folder itself back (a link to it is not followed), or start a new run.',
    });
  }
  const run = dirname(dirname(resolve(path)));
  if (existsSync(join(path, 'state.json')) && existsSync(runFiles(run).recipe)) {
    throw new FlashError('This is one checkpoint; a run resumes from its newest one', {
      where: path,
      remedy: `Name the run: ${commandLine`train --resume ${run}`}`,
      exitCode: 2,
    });
  }
  throw await notARun(path);
}

/** `v6.1 SUPERNOVA II` -> `v6.1-supernova-ii`; never empty, never hidden, never a path. */
function slug(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const words = plain.replace(/[^a-z0-9.]+/g, '-').slice(0, 60);
  return words.replace(/^[-.]+|[-.]+$/g, '') || 'run';
}

function timestamp(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}
