import { stat, statfs } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FlashError } from '../core/errors.ts';
import { formatBytes } from '../core/format-bytes.ts';
import { digestFile, errorCode, fileError, makeFolder, writeFileAtomic } from '../files/files.ts';
import { LockFile } from '../files/lock-file.ts';
import { readSmallFile } from '../files/regular-file.ts';
import { get, readBody } from './http-get.ts';
import { checkDeclared, checkLength, checkStatus, continues } from './http-response.ts';
import { type ExpectedFile, PartFile } from './part-file.ts';
import { TransientError } from './transient-error.ts';

export interface DownloadProgress {
  /** Base name of the file. */
  readonly file: string;
  /** `verify`: reading what is on the disk to compare its SHA-256. */
  readonly phase: 'download' | 'verify';
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** When to give up; milliseconds. */
export interface Patience {
  /** Attempts in a row that bring less than a mebibyte. */
  readonly attempts: number;
  /** Wait before the second attempt; doubles with each further one. */
  readonly backoffMs: number;
  /** Longest wait, also when the server asks for one. */
  readonly maxWaitMs: number;
  /** Silence after which a connection counts as dead. */
  readonly stallMs: number;
}

export interface DownloadFileOptions {
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Called with one line that says why an attempt failed and when the next one starts. */
  readonly onNotice?: (notice: string) => void;
  readonly signal?: AbortSignal;
  /** What to do when the server can't be reached or has no such file. */
  readonly remedy?: string;
  readonly patience?: Partial<Patience>;
}

const PATIENCE: Patience = { attempts: 6, backoffMs: 500, maxWaitMs: 60_000, stallMs: 30_000 };
/** An attempt that brings this much further than any before it shows that the line works: the count starts again. */
const WORTHWHILE_BYTES = 1 << 20;

/**
 * Makes sure that `target` is the expected file, fetching it from `url` if it is not: resumes what an earlier process
 * began, survives cut and stalled connections, and never gives a file its final name before its length and SHA-256
 * are right. Resolves to false when the file was there already. Throws FlashError: the server has no such file, or
 * another one; too many failures; stopped by the signal (the part stays); disk full or not writable.
 */
export async function downloadFile(
  url: URL,
  target: string,
  expected: ExpectedFile,
  options: DownloadFileOptions = {},
): Promise<boolean> {
  let received = 0;
  try {
    if (await isVerified(target, expected, options)) return false;
    await prepareFolder(dirname(target));
    const lock = await LockFile.acquire(`${target}.lock`, `The download of ${basename(target)}`);
    try {
      const part = await PartFile.open(target, expected);
      try {
        await requireSpace(dirname(target), expected.bytes - part.bytes);
        await fetchRest(url, part, expected, options).finally(() => {
          received = part.bytes;
        });
        await part.finish({ signal: options.signal, onBytes: verifyProgress(target, expected, options) });
      } finally {
        await part.close();
      }
      await rememberVerified(target, expected);
      return true;
    } finally {
      await lock.release();
    }
  } catch (error) {
    if (!options.signal?.aborted) throw error;
    throw new FlashError(`Stopped with ${formatBytes(received)} of ${formatBytes(expected.bytes)}`, {
      where: target,
      remedy: 'Run the same command again to go on from there.',
      cause: error,
    });
  }
}

/** Attempts until the part has all its bytes. */
async function fetchRest(
  url: URL,
  part: PartFile,
  expected: ExpectedFile,
  options: DownloadFileOptions,
): Promise<void> {
  const patience = { ...PATIENCE, ...options.patience };
  let furthest = part.bytes;
  let failures = 0;
  while (part.bytes < expected.bytes) {
    try {
      await attempt(url, part, expected, patience.stallMs, options);
    } catch (error) {
      if (options.signal?.aborted || !isTransient(error)) throw error;
      // Measured against the furthest point ever reached: a server that always cuts at the same byte must not keep
      // us going round for ever.
      failures = part.bytes >= furthest + WORTHWHILE_BYTES ? 1 : failures + 1;
      furthest = Math.max(furthest, part.bytes);
      const wait = waitBefore(error, failures, patience);
      if (failures >= patience.attempts || wait > patience.maxWaitMs) throw gaveUp(error, url, part, options);
      options.onNotice?.(`${error.message}; trying again in ${(wait / 1000).toFixed(1)} s`);
      await sleep(wait, undefined, { signal: options.signal });
    }
  }
}

/** One request: appends what comes to the part. Returns when the part is complete. */
async function attempt(
  url: URL,
  part: PartFile,
  expected: ExpectedFile,
  stallMs: number,
  options: DownloadFileOptions,
): Promise<void> {
  const headers: Record<string, string> = { 'user-agent': 'flashlm', 'accept-encoding': 'identity' };
  if (part.bytes > 0) {
    headers.range = `bytes=${part.bytes}-`;
    // A weak ETag can't vouch for single bytes (RFC 9110, 13.1.5); `continues` compares it afterwards.
    if (part.etag && !part.etag.startsWith('W/')) headers['if-range'] = part.etag;
  }
  const { response, hops } = await get(url, { headers, stallMs, signal: options.signal });
  try {
    checkDeclared(hops, expected, url, options.remedy);
    checkStatus(response, url, options.remedy);
    if (!(await continues(response, part, expected, url))) await part.restart(response.headers.etag);
    checkLength(response, part, expected, url, options.remedy);
    const file = basename(url.pathname);
    for await (const chunk of readBody(response, stallMs)) {
      if (part.bytes + chunk.length > expected.bytes) {
        await part.delete();
        throw new FlashError(`The server sends more than the ${expected.bytes} bytes the file should have`, {
          where: url.href,
          remedy: options.remedy,
        });
      }
      await part.append(chunk);
      options.onProgress?.({ file, phase: 'download', doneBytes: part.bytes, totalBytes: expected.bytes });
    }
  } finally {
    response.destroy();
  }
  if (part.bytes < expected.bytes) throw new TransientError('the connection ended early');
}

/** Errors of the network carry a code; those of the disk have become FlashErrors by now. */
function isTransient(error: unknown): error is Error {
  if (error instanceof FlashError) return false;
  return error instanceof TransientError || (error instanceof Error && errorCode(error) !== undefined);
}

/** Milliseconds: doubling, with a random half so that many clients do not come back together. */
function waitBefore(error: Error, failures: number, patience: Patience): number {
  const backoff = Math.min(patience.backoffMs * 2 ** (failures - 1), patience.maxWaitMs);
  const asked = error instanceof TransientError ? (error.retryAfterMs ?? 0) : 0;
  return Math.max(asked, backoff * (0.5 + Math.random() / 2));
}

function gaveUp(error: Error, url: URL, part: PartFile, options: DownloadFileOptions): FlashError {
  const asked = error instanceof TransientError && error.retryAfterMs;
  const reason = asked ? `${error.message} and asks to wait ${Math.ceil(asked / 1000)} s` : error.message;
  const kept = `Run the same command again to go on: ${formatBytes(part.bytes)} are kept.`;
  return new FlashError(`The download failed: ${reason}`, {
    where: url.href,
    remedy: part.bytes > 0 ? kept : options.remedy,
    cause: error,
  });
}

/**
 * True when `target` is the expected file. Its SHA-256 is computed once; after that a note beside it
 * (`<target>.verified.json`) vouches for it as long as length and time of change stay the same.
 */
async function isVerified(
  target: string,
  expected: ExpectedFile,
  options: DownloadFileOptions,
): Promise<boolean> {
  let size: number;
  try {
    size = (await stat(target)).size;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw fileError(error, 'Cannot read', target);
  }
  const different = `${target} is not the expected file and will be replaced`;
  if (size !== expected.bytes) {
    options.onNotice?.(different);
    return false;
  }
  if (readNote(target) === (await describe(target, expected))) return true;
  const { sha256 } = await digestFile(target, {
    signal: options.signal,
    onBytes: verifyProgress(target, expected, options),
  });
  if (sha256 === expected.sha256) {
    // In a folder that can't be written the check is merely made again the next time.
    await rememberVerified(target, expected).catch(() => {});
    return true;
  }
  options.onNotice?.(different);
  return false;
}

async function rememberVerified(target: string, expected: ExpectedFile): Promise<void> {
  await writeFileAtomic(notePath(target), await describe(target, expected));
}

async function describe(target: string, { sha256 }: ExpectedFile): Promise<string> {
  const { size, mtimeMs } = await stat(target);
  return JSON.stringify({ bytes: size, mtimeMs, sha256 });
}

/** A missing or unreadable note only means that the file is read again. */
function readNote(target: string): string | undefined {
  try {
    return readSmallFile(notePath(target), 'Cannot read the note');
  } catch {
    return undefined;
  }
}

function notePath(target: string): string {
  return `${target}.verified.json`;
}

function verifyProgress(
  target: string,
  expected: ExpectedFile,
  options: DownloadFileOptions,
): (done: number) => void {
  const file = basename(target);
  return (doneBytes) =>
    options.onProgress?.({ file, phase: 'verify', doneBytes, totalBytes: expected.bytes });
}

async function prepareFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
  } catch (error) {
    throw fileError(error, 'Cannot make the folder', folder);
  }
}

/** Better said before two gigabytes than after one and a half. */
async function requireSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= bytes) return;
  throw new FlashError(
    `${formatBytes(bytes)} are still to come, the disk has ${formatBytes(bavail * bsize)} free`,
    {
      where: folder,
      remedy: 'Free some space, or choose another folder.',
    },
  );
}
