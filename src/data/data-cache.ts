import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { FlashError } from '../core/errors.ts';
import { digestFile, discard, fileError, makeFolder, writeFileAtomic } from '../files/files.ts';
import { readSmallFile } from '../files/regular-file.ts';
import { cacheDir } from './cache-dir.ts';

/** A file's content, and what the file system said of the file when the content was read. */
export interface ContentHash {
  readonly path: string;
  /** Size, times and place on the disk: another value means the content may be another. */
  readonly state: string;
  readonly sha256: string;
}

/**
 * The folder where trained tokenizers and token files are kept: `dir`, else the environment variable FLASHLM_CACHE,
 * else `.flashlm` in the working directory. Names are hashes of all that the content depends on, so an entry never
 * goes stale; the folder can be removed at any time.
 */
export class DataCache {
  private readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  /** Makes the folder. Throws FlashError if that is not possible. */
  static async open(dir = cacheDir()): Promise<DataCache> {
    try {
      for (const name of ['hashes', 'tokenizers', 'tokens', 'sources']) {
        await makeFolder(join(dir, name));
        await sweep(join(dir, name));
      }
    } catch (error) {
      // The environment does nothing for a recipe that names its own folder.
      const setting = resolve(dir) === cacheDir() ? 'FLASHLM_CACHE' : "the recipe's data.cache_dir";
      const remedy = `Set ${setting} to a folder that can be written and has room.`;
      throw fileError(error, 'Cannot make the data cache', resolve(dir), remedy);
    }
    return new DataCache(dir);
  }

  /** Where the tokenizer that depends on `parts` is kept. */
  tokenizerPath(...parts: readonly unknown[]): string {
    return join(this.dir, 'tokenizers', `${cacheKey(...parts)}.json`);
  }

  /** Where the documents that depend on `parts` are kept. */
  documentsPath(...parts: readonly unknown[]): string {
    return join(this.dir, 'sources', `${cacheKey(...parts)}.jsonl`);
  }

  /** Where the token file that depends on `parts` is kept. */
  tokensPath(...parts: readonly unknown[]): string {
    return join(this.dir, 'tokens', `${cacheKey(...parts)}.tokens`);
  }

  /**
   * The hash of a file's content. Remembered beside the state of the file, so that an unchanged file is not read
   * again. Throws FlashError if the file can't be read or changes while it is read.
   */
  async contentHash(
    path: string,
    options: { readonly signal?: AbortSignal; readonly onBytes?: (done: number) => void } = {},
  ): Promise<ContentHash> {
    const absolute = resolve(path);
    const note = join(this.dir, 'hashes', `${cacheKey(absolute)}.json`);
    const state = await fileState(path);
    const known = readNote(note);
    if (known?.path === absolute && known.state === state) return { path, state, sha256: known.sha256 };
    const began = Date.now();
    const { sha256, bytes } = await digestFile(path, options);
    const hash = { path, state, sha256 };
    await checkUnchanged(hash);
    if (bytes >= MIN_NOTED_BYTES && (await changedBefore(path, began - CLOCK_TICK_MS))) {
      await writeFileAtomic(note, JSON.stringify({ ...hash, path: absolute } satisfies ContentHash));
    }
    return hash;
  }
}

/** A smaller file is hashed sooner than a note of it is written: folders may hold thousands. */
const MIN_NOTED_BYTES = 1 << 16;
/** What is written to a file soon after it was hashed may leave its times as they are: file systems count in steps. */
const CLOCK_TICK_MS = 2000;

async function changedBefore(path: string, time: number): Promise<boolean> {
  return (await stat(path)).ctimeMs < time;
}

const DAY_MS = 24 * 3600 * 1000;

/** Removes what killed processes left half-written. A younger file may be another process's, at work on it. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.tmp')) continue;
    const path = join(folder, name);
    const age = Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? Number.POSITIVE_INFINITY);
    if (age > DAY_MS) await discard(path);
  }
}

/** Throws FlashError if the file is not as it was when it was hashed. */
export async function checkUnchanged({ path, state }: ContentHash): Promise<void> {
  if ((await fileState(path)) === state) return;
  throw new FlashError('The data file changed while it was read', {
    where: path,
    remedy: 'Start again when nothing writes to it any more.',
  });
}

async function fileState(path: string): Promise<string> {
  try {
    const { size, mtimeNs, ctimeNs, dev, ino } = await stat(path, { bigint: true });
    return `${size} ${mtimeNs} ${ctimeNs} ${dev}:${ino}`;
  } catch (error) {
    throw fileError(error, 'Cannot read the data', path);
  }
}

/** A note that is missing or unreadable only means that the file is hashed again. */
function readNote(path: string): ContentHash | undefined {
  try {
    const note = JSON.parse(readSmallFile(path, 'Cannot read the note')) as ContentHash;
    return /^[0-9a-f]{64}$/.test(note.sha256) ? note : undefined;
  } catch {
    return undefined;
  }
}

/** A name for what depends on `parts` and on nothing else. */
export function cacheKey(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
