import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, lstat, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { FlashError } from '../core/errors.ts';
import { discard, errorCode, fileError, writeNewFile } from './files.ts';
import { readText } from './read-text.ts';
import { readSmallFile } from './regular-file.ts';

/** Who holds a lock. A process id alone is not enough: ids are used again after a death or a restart. */
interface LockOwner {
  readonly pid: number;
  readonly host: string;
  /** ISO 8601 time at which the lock was taken. */
  readonly since: string;
  /** Linux: differs after every restart of the machine. */
  readonly boot?: string;
  /** Linux: when the process started, in clock ticks since the restart. */
  readonly processStart?: string;
  /** A UUID: tells this taking of the lock from every other one. */
  readonly id: string;
}

/** File systems without hard links answer one of these. */
const NO_HARD_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/**
 * A file that at most one living process holds at a time. A lock whose owner died is taken over; one that is held
 * from another machine is never taken over, because nobody here can know whether its owner lives.
 */
export class LockFile {
  readonly path: string;
  readonly #id: string;

  private constructor(path: string, id: string) {
    this.path = path;
    this.#id = id;
  }

  /**
   * Takes the lock at `path` for this process. `what` is what the lock protects, as the subject of the error
   * message ("The run directory runs/a"). Throws FlashError when a living process holds it or it can't be written.
   */
  static async acquire(path: string, what: string): Promise<LockFile> {
    const own = describeThisProcess();
    for (;;) {
      if (await publish(path, own)) {
        await sweep(path);
        return new LockFile(path, own.id);
      }
      const owner = await readOwner(path);
      if (!owner) continue; // released between the two calls
      if (isAlive(owner)) {
        throw new FlashError(
          `${what} is in use by process ${owner.pid} on ${owner.host} since ${owner.since}`,
          {
            where: path,
            remedy: 'Wait for it or stop it. If that process no longer exists, delete the lock file.',
          },
        );
      }
      await removeStale(path, owner, what);
    }
  }

  /**
   * Gives the lock back. Does nothing when it is no longer ours (someone removed the file by hand), nor when the disk
   * refuses: that must not hide the error that led here, and the lock counts for nothing once this process has ended.
   */
  async release(): Promise<void> {
    const owner = await readOwner(this.path).catch(() => undefined);
    if (owner?.id === this.#id) await discard(this.path);
  }
}

/**
 * Two processes may find the same dead owner. If each simply deleted the file, the slower one would delete the lock
 * that the faster one has just taken. So a lock with the id X may be removed only under a second lock, named
 * after X. A dying process can leave that one too, so it is taken in the same way.
 */
async function removeStale(path: string, owner: LockOwner, what: string): Promise<void> {
  const guard = await LockFile.acquire(`${path}.${owner.id}`, what);
  try {
    if ((await readOwner(path))?.id === owner.id) await rm(path, { force: true });
  } catch (error) {
    throw fileError(error, 'Cannot remove the lock file of a dead process', path);
  } finally {
    await guard.release();
  }
}

/**
 * Removes what processes left that were killed while they took the lock. One that is only just trying may lose its
 * file by that: it then finds the lock held.
 */
async function sweep(path: string): Promise<void> {
  const folder = dirname(path);
  const lock = basename(path);
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(lock) || !/^(\.[0-9a-f-]{36})+(\.new)?$/.test(name.slice(lock.length))) continue;
    await discard(join(folder, name));
  }
}

/** Makes `path` appear with its whole content in one step; false when it exists, or a sweep came between. */
async function publish(path: string, owner: LockOwner): Promise<boolean> {
  const temporary = `${path}.${randomUUID()}.new`;
  try {
    await writeNewFile(temporary, JSON.stringify(owner));
    try {
      await link(temporary, path);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return false;
      if (!NO_HARD_LINKS.has(errorCode(error) ?? '')) throw error;
      await copyFile(temporary, path, constants.COPYFILE_EXCL);
    }
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw fileError(error, 'Cannot write the lock file', path);
  } finally {
    await discard(temporary);
  }
}

/** The owner written in the file; undefined when there is no file. Throws FlashError when it holds anything else. */
async function readOwner(path: string): Promise<LockOwner | undefined> {
  let text: string;
  try {
    // A link, also one that leads nowhere, is a lock that nobody here has taken and nobody will release.
    if (!(await lstat(path)).isFile()) throw unreadable(path);
    text = readSmallFile(path, 'Cannot read the lock file');
  } catch (error) {
    if (errorCode(error instanceof FlashError ? error.cause : error) === 'ENOENT') return undefined;
    throw fileError(error, 'Cannot read the lock file', path);
  }
  const owner = parseOwner(text);
  if (owner) return owner;
  throw unreadable(path);
}

function unreadable(path: string): FlashError {
  return new FlashError('The lock file is not readable as one', {
    where: path,
    remedy: 'If no other process uses this directory, delete the lock file.',
  });
}

function parseOwner(text: string): LockOwner | undefined {
  let value: Partial<Record<keyof LockOwner, unknown>> | null;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const valid =
    typeof value === 'object' &&
    value !== null &&
    Number.isSafeInteger(value.pid) &&
    (value.pid as number) > 0 && // 0 and negative numbers mean whole groups of processes to kill()
    typeof value.host === 'string' &&
    typeof value.since === 'string' &&
    typeof value.id === 'string' &&
    /^[0-9a-f-]{36}$/.test(value.id); // becomes part of a file name
  return valid ? (value as LockOwner) : undefined;
}

function isAlive(owner: LockOwner): boolean {
  if (owner.host !== hostname()) return true;
  if (owner.boot !== undefined && owner.boot !== bootId()) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (errorCode(error) === 'ESRCH') return false; // EPERM: it lives and belongs to someone else
  }
  const start = processStart(owner.pid);
  if (start === ENDED) return false;
  return start === undefined || owner.processStart === undefined || start === owner.processStart;
}

function describeThisProcess(): LockOwner {
  return {
    pid: process.pid,
    host: hostname(),
    since: new Date().toISOString(),
    boot: bootId(),
    processStart: processStart(process.pid),
    id: randomUUID(),
  };
}

function bootId(): string | undefined {
  return readText('/proc/sys/kernel/random/boot_id')?.trim();
}

/** A process that died and was not waited for yet: it still has its id, and may have for long. */
const ENDED = 'ended';

/** Field 22 of /proc/<pid>/stat (proc(5)), or ENDED. */
function processStart(pid: number): string | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  // Field 2, the program's name, may hold blanks and parentheses: count from after its last one.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields?.[0] === 'Z' || fields?.[0] === 'X' ? ENDED : fields?.[19];
}
