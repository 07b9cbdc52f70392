import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, writeSync } from 'node:fs';
import { mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import { FlashError } from '../core/errors.ts';

/** What the operating system's codes mean to a person, and what the person can do. */
const REASONS: Readonly<Record<string, readonly [reason: string, remedy: string]>> = {
  ENOSPC: ['no space left on the disk', 'Free some space, then run the same command again.'],
  EDQUOT: ['the disk quota is used up', 'Free some space, then run the same command again.'],
  EFBIG: [
    'the file would be larger than is allowed here',
    'Raise the limit (`ulimit -f`) or use another disk.',
  ],
  EACCES: ['permission denied', 'Check who owns it, or choose another folder.'],
  EPERM: ['operation not permitted', 'Check who owns it, or choose another folder.'],
  EROFS: ['the file system is read-only', 'Choose a folder that can be written.'],
  ENOENT: ['no such file or folder', 'Check the path.'],
  ENOTDIR: ['a part of the path is not a folder', 'Check the path.'],
  EISDIR: ['it is a folder', 'Give the path of a file.'],
  EEXIST: ['it exists already', 'Choose another name, or remove it.'],
  ELOOP: ['it is a symbolic link', 'Replace it by what it points to.'],
  EMFILE: ['too many open files', 'Raise the limit (`ulimit -n`).'],
  ENFILE: ['too many open files on this machine', 'Close some programs.'],
  EIO: ['the disk reports an error', 'Check the disk.'],
  ENAMETOOLONG: ['the name is too long', 'Give a shorter one.'],
  ENXIO: ['it is not a regular file', 'Remove it, or choose another name.'],
};

/** What Node refuses before the operating system sees it. */
const NUL: (typeof REASONS)[string] = ['no path can hold a NUL character', 'Check the path.'];

/** The operating system's code of an error (`ENOENT`), if it carries one. */
export function errorCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/**
 * An error of the file system in a person's words: `<action>: <reason>` at `path`. Anything that is not one (a
 * FlashError, a bug) comes back unchanged, so `throw fileError(error, ...)` is right in any catch clause. `remedy` is
 * what helps at this place better than what helps in general.
 */
export function fileError(error: unknown, action: string, path: string, remedy?: string): unknown {
  if (error instanceof FlashError) return error;
  const known = path.includes('\0') ? NUL : REASONS[errorCode(error) ?? ''];
  const [reason, usual] = known ?? [systemReason(error)];
  return reason === undefined
    ? error
    : new FlashError(`${action}: ${reason}`, { where: path, remedy: remedy ?? usual, cause: error });
}

/** What the system itself calls an error that is not in the list. */
function systemReason(error: unknown): string | undefined {
  const { errno } = (error ?? {}) as { errno?: unknown };
  return typeof errno === 'number' ? getSystemErrorMap().get(errno)?.[1] : undefined;
}

/**
 * Makes a folder and those above it. Node's own recursive `mkdir` never comes back where a folder can't be made in one
 * that exists (`/proc/x`). Throws the file system's error, ENOTDIR where a file is in the way.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EEXIST') {
      if ((await stat(path)).isDirectory()) return;
      throw Object.assign(new Error(`ENOTDIR: a file is in the way of the folder ${path}`), {
        code: 'ENOTDIR',
      });
    }
    const above = dirname(path);
    if (code !== 'ENOENT' || above === path) throw error;
    await makeFolder(above);
    await mkdir(path).catch((again) => {
      // Another process may have made it in the meantime.
      if (errorCode(again) !== 'EEXIST') throw again;
    });
  }
}

/** Makes renames and new names inside `folder` survive a power cut. Windows has no such call and needs none. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Replaces `path` by `data` in one step: whoever reads sees the old file or the whole new one, also after a crash.
 * A symbolic link at `path` is replaced, never followed. Throws FlashError when the disk refuses.
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array | AsyncIterable<string>,
): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeNewFile(temporary, data);
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await discard(temporary);
    throw fileError(error, 'Cannot write', path);
  }
}

/** Removes a file or folder that is of no use any more. Best effort: it must not hide the error that led here. */
export async function discard(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => {});
}

/** Writes a file that must not exist yet (nor be a link) and waits until the disk has it. */
export async function writeNewFile(
  path: string,
  data: string | Uint8Array | AsyncIterable<string>,
): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    await writeFile(handle, data);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes all of `text` at the file's position; a disk that is almost full takes only a part at first, and says so. */
export function writeFully(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

/** A file's length in bytes and its SHA-256 in lower-case hexadecimal. */
export interface FileDigest {
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Reads the whole file once; `onBytes` is called with the number of bytes read so far.
 * @throws FlashError if it can't be read.
 */
export async function digestFile(
  path: string,
  options: { readonly signal?: AbortSignal; readonly onBytes?: (done: number) => void } = {},
): Promise<FileDigest> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, signal: options.signal })) {
      hash.update(chunk);
      bytes += chunk.length;
      options.onBytes?.(bytes);
    }
  } catch (error) {
    throw fileError(error, 'Cannot read', path);
  }
  return { bytes, sha256: hash.digest('hex') };
}
