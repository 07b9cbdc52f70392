import { createHash, randomUUID } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { FlashError } from '../core/errors.ts';
import {
  digestFile,
  discard,
  errorCode,
  type FileDigest,
  fileError,
  syncFolder,
  writeNewFile,
} from '../files/files.ts';
import { SafetensorsFile, type TensorEntry, writeSafetensors } from './safetensors.ts';

/** Everything a run needs to go on. */
export interface CheckpointContents {
  /** float32 masters by parameter path. */
  readonly model: readonly TensorEntry[];
  readonly optimizer: readonly TensorEntry[];
  /** Schedule, data position, random state: plain JSON, finite numbers only. */
  readonly state: Readonly<Record<string, unknown>>;
  /** Strings for the `__metadata__` of model.safetensors. */
  readonly modelMetadata?: Readonly<Record<string, string>>;
}

/** A checkpoint that was found whole: sizes and SHA-256 of its files are those that were written. */
export interface Checkpoint {
  readonly path: string;
  readonly step: number;
  readonly state: Readonly<Record<string, unknown>>;
  readonly model: SafetensorsFile;
  readonly optimizer: SafetensorsFile;
  close(): Promise<void>;
}

const MODEL = 'model.safetensors';
const OPTIMIZER = 'optimizer.safetensors';
const STATE = 'state.json';
const FORMAT = 1;
/** A state holds a few numbers; a file beyond this is not ours and is not read into memory. */
const MAX_STATE_BYTES = 64 << 20;

// Folders that are not checkpoints (yet, or any more). Their names never end up in a list of checkpoints.
const UNFINISHED = '.new-';
const REPLACED = '.replaced-';
const PRUNED = '.pruned-';

/** What state.json holds, without its own `sha256`. */
interface StateFile {
  readonly format: number;
  readonly step: number;
  readonly files: { readonly [MODEL]: FileDigest; readonly [OPTIMIZER]: FileDigest };
  readonly state: Readonly<Record<string, unknown>>;
}

/** `1000` -> `step-00001000` */
export function checkpointName(step: number): string {
  return `step-${String(step).padStart(8, '0')}`;
}

/**
 * Writes `<folder>/step-00001000/{model.safetensors, optimizer.safetensors, state.json}` and returns its path. The
 * files go to another name first, are flushed, and get their place by one rename, so a checkpoint is there wholly or
 * not at all. One of the same step is replaced. Throws FlashError when the disk refuses; what was there stays.
 */
export async function writeCheckpoint(
  folder: string,
  step: number,
  contents: CheckpointContents,
): Promise<string> {
  if (!Number.isSafeInteger(step) || step < 0)
    throw new TypeError(`step ${step} is not a whole number from 0 up`);
  const name = checkpointName(step);
  const path = join(folder, name);
  const unfinished = join(folder, `${UNFINISHED}${name}-${randomUUID()}`);
  try {
    await mkdir(unfinished);
    const model = await writeSafetensors(join(unfinished, MODEL), contents.model, contents.modelMetadata);
    const optimizer = await writeSafetensors(join(unfinished, OPTIMIZER), contents.optimizer);
    const body: StateFile = {
      format: FORMAT,
      step,
      files: { [MODEL]: model, [OPTIMIZER]: optimizer },
      state: contents.state,
    };
    await writeNewFile(join(unfinished, STATE), encodeState(body));
    await syncFolder(unfinished);
    await publish(folder, name, unfinished);
  } catch (error) {
    await discard(unfinished);
    throw fileError(error, 'Cannot write the checkpoint', path);
  }
  return path;
}

/** A folder can't replace a full one in one step: between the two renames the old one has a name `recover` knows. */
async function publish(folder: string, name: string, finished: string): Promise<void> {
  const replaced = join(folder, `${REPLACED}${name}`);
  let existed = true;
  try {
    await rename(join(folder, name), replaced);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    existed = false;
  }
  try {
    await rename(finished, join(folder, name));
  } catch (error) {
    if (existed) await rename(replaced, join(folder, name));
    throw error;
  }
  await syncFolder(folder);
  if (existed) await discard(replaced);
}

/**
 * Clears away what a killed process left, and puts back a checkpoint that it was just about to replace.
 * Only for the process that holds the run's lock.
 */
export async function recoverCheckpoints(folder: string): Promise<void> {
  try {
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      if (name.startsWith(REPLACED)) {
        const place = join(folder, name.slice(REPLACED.length));
        if (await exists(place)) await discard(path);
        else await rename(path, place);
      } else if (name.startsWith(UNFINISHED) || name.startsWith(PRUNED)) {
        await discard(path);
      }
    }
  } catch (error) {
    throw fileError(error, 'Cannot tidy up the checkpoints', folder);
  }
}

/** Steps of the checkpoints in `folder`, ascending; links and anything else of another kind are left out. */
export async function listCheckpoints(folder: string): Promise<number[]> {
  return (await namedCheckpoints(folder)).flatMap(({ step, problem }) => (problem ? [] : [step]));
}

/** What has the name of a checkpoint, by ascending step; `problem` says why it can't be one. */
async function namedCheckpoints(folder: string): Promise<{ step: number; problem?: string }[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const named = entries.flatMap((entry) => {
      const step = stepOf(entry.name);
      if (step === undefined) return [];
      const problem = entry.isSymbolicLink()
        ? 'it is a symbolic link, not the folder itself'
        : 'it is not a folder';
      return [entry.isDirectory() ? { step } : { step, problem }];
    });
    return named.sort((a, b) => a.step - b.step);
  } catch (error) {
    throw fileError(error, 'Cannot list the checkpoints', folder);
  }
}

function stepOf(name: string): number | undefined {
  const step = Number(/^step-(\d{8,15})$/.exec(name)?.[1] ?? Number.NaN);
  return name === checkpointName(step) ? step : undefined;
}

/**
 * Deletes checkpoints that are older than the `keep` newest ones up to `step`, which has just been written. Newer
 * ones (damaged, or left by a run that was resumed further back) are not counted and not touched, so the newest good
 * checkpoint always stays.
 */
export async function pruneCheckpoints(folder: string, step: number, keep: number): Promise<void> {
  if (!Number.isSafeInteger(keep) || keep < 1) throw new TypeError(`cannot keep ${keep} checkpoints`);
  const steps = (await listCheckpoints(folder)).filter((other) => other <= step);
  try {
    for (const old of steps.slice(0, -keep)) {
      // Renamed first: a process killed while deleting must not leave half a checkpoint under its name.
      const pruned = join(folder, `${PRUNED}${checkpointName(old)}-${randomUUID()}`);
      await rename(join(folder, checkpointName(old)), pruned);
      await discard(pruned);
    }
  } catch (error) {
    throw fileError(error, 'Cannot delete an old checkpoint', folder);
  }
}

/**
 * The newest complete checkpoint in `folder`; undefined if nothing there is named like one. `onWarning` is called for each
 * damaged one that is skipped.
 * @throws FlashError if all of them are damaged.
 */
export async function latestCheckpoint(
  folder: string,
  onWarning: (warning: string) => void,
): Promise<Checkpoint | undefined> {
  const named = await namedCheckpoints(folder);
  for (const { step, problem } of named.toReversed()) {
    const path = join(folder, checkpointName(step));
    if (problem) {
      onWarning(`Skipped the checkpoint ${path}: ${problem}`);
      continue;
    }
    try {
      return await readCheckpoint(path);
    } catch (error) {
      if (!(error instanceof FlashError)) throw error;
      onWarning(`Skipped the checkpoint ${path}: ${error.message} (${error.where})`);
    }
  }
  if (named.length === 0) return undefined;
  throw new FlashError("None of the run's checkpoints can be read", {
    where: folder,
    remedy: 'Nothing was changed. Put a copy of one back, or start a new run.',
  });
}

/** Opens a checkpoint after checking every byte of it. Throws FlashError naming the damaged file and the reason. */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const { step, files, state } = await readState(join(path, STATE));
  for (const name of [MODEL, OPTIMIZER] as const) {
    const file = join(path, name);
    const bytes = await sizeOfFile(file);
    if (bytes !== files[name].bytes)
      throw damaged(file, `it has ${bytes} bytes, ${files[name].bytes} were written`);
    if ((await digestFile(file)).sha256 !== files[name].sha256)
      throw damaged(file, 'its SHA-256 has changed');
  }
  const model = await SafetensorsFile.open(join(path, MODEL));
  try {
    const optimizer = await SafetensorsFile.open(join(path, OPTIMIZER));
    const close = async () => {
      await model.close();
      await optimizer.close();
    };
    return { path, step, state, model, optimizer, close };
  } catch (error) {
    await model.close();
    throw error;
  }
}

/** state.json carries a checksum of itself: a flipped digit would otherwise resume a different run unnoticed. */
function encodeState(body: StateFile): string {
  const json = JSON.stringify(body, (key, value) => {
    if (typeof value === 'number' && !Number.isFinite(value))
      throw new TypeError(`state: ${key} is ${value}`);
    return value;
  });
  return `${JSON.stringify({ ...JSON.parse(json), sha256: checksum(json) }, undefined, 2)}\n`;
}

async function readState(file: string): Promise<StateFile> {
  const bytes = await sizeOfFile(file);
  if (bytes > MAX_STATE_BYTES) throw damaged(file, `it has ${bytes} bytes`);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw fileError(error, 'Cannot read the checkpoint', file);
  }
  let body: Partial<StateFile>;
  let intact: boolean;
  try {
    const value: Partial<StateFile & { sha256: unknown }> | null = JSON.parse(text);
    const { sha256, ...rest } = value ?? {};
    body = rest;
    // Fails for values deeper inside each other than a call stack holds.
    intact = sha256 === checksum(JSON.stringify(body));
  } catch {
    throw damaged(file, 'it is not JSON that was written here');
  }
  if (!intact) throw damaged(file, 'its checksum is wrong');
  if (body.format !== FORMAT) {
    throw new FlashError(`Checkpoint format ${body.format} is not known here (${FORMAT} is)`, {
      where: file,
      remedy: 'It was written by another version: use that one.',
    });
  }
  const { step, files, state } = body;
  const complete =
    Number.isSafeInteger(step) && isDigest(files?.[MODEL]) && isDigest(files?.[OPTIMIZER]) && isObject(state);
  if (!complete) throw damaged(file, 'something is missing in it');
  return body as StateFile;
}

function isDigest(value: unknown): value is FileDigest {
  return isObject(value) && typeof value.bytes === 'number' && typeof value.sha256 === 'string';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function checksum(json: string): string {
  return createHash('sha256').update(json).digest('hex');
}

async function sizeOfFile(file: string): Promise<number> {
  try {
    const stats = await lstat(file);
    if (!stats.isFile()) throw damaged(file, 'it is not a regular file');
    return stats.size;
  } catch (error) {
    throw fileError(error, 'Cannot read the checkpoint', file);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

function damaged(file: string, reason: string): FlashError {
  return new FlashError(`Damaged checkpoint: ${reason}`, {
    where: file,
    remedy: 'Use an earlier checkpoint of the run, or a copy of this one.',
  });
}
