import { constants } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FlashError } from '../core/errors.ts';
import { digestFile, discard, fileError, syncFolder, writeFileAtomic } from '../files/files.ts';
import { readSmallFile } from '../files/regular-file.ts';

const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
/** Links are not followed, and a pipe is not waited for. */
const APPEND = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK;

/** What a finished part must be. */
export interface ExpectedFile {
  readonly bytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

/**
 * The beginning of a file that is still being fetched: `<target>.part`, and beside it `<target>.part.json` with the
 * server's ETag for the content it came from. Both outlive the process, so that the next one continues from there.
 */
export class PartFile {
  readonly path: string;
  readonly #target: string;
  readonly #expected: ExpectedFile;
  readonly #handle: FileHandle;
  #bytes: number;
  #etag: string | undefined;

  private constructor(
    target: string,
    expected: ExpectedFile,
    handle: FileHandle,
    bytes: number,
    etag?: string,
  ) {
    this.path = partPath(target);
    this.#target = target;
    this.#expected = expected;
    this.#handle = handle;
    this.#bytes = bytes;
    this.#etag = etag;
  }

  /** Opens what is there, or starts again when it is of another file. Throws FlashError when the disk refuses. */
  static async open(target: string, expected: ExpectedFile): Promise<PartFile> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(partPath(target), APPEND);
      const stat = await handle.stat();
      if (!stat.isFile()) throw new FlashError('The part is not a regular file', { where: partPath(target) });
      const { size } = stat;
      const origin = readOrigin(target);
      const usable = origin?.sha256 === expected.sha256 && size <= expected.bytes;
      const part = new PartFile(
        target,
        expected,
        handle,
        usable ? size : 0,
        usable ? origin.etag : undefined,
      );
      if (!usable) await handle.truncate(0);
      return part;
    } catch (error) {
      await handle?.close();
      throw fileError(error, 'Cannot write', partPath(target));
    }
  }

  /** Bytes that are there. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The ETag of the content these bytes began; undefined when the server gave none. */
  get etag(): string | undefined {
    return this.#etag;
  }

  /** Throws the bytes away and remembers which content the next ones are from. */
  async restart(etag: string | undefined): Promise<void> {
    await this.#writing(async () => {
      await this.#handle.truncate(0);
      this.#bytes = 0;
      this.#etag = etag;
      await writeFileAtomic(
        originPath(this.#target),
        JSON.stringify({ etag, sha256: this.#expected.sha256 }),
      );
    });
  }

  async append(chunk: Uint8Array): Promise<void> {
    await this.#writing(() => this.#handle.writeFile(chunk));
    this.#bytes += chunk.length;
  }

  /**
   * Reads the whole part again, compares, and gives it its final name. A part that is not the expected file is
   * deleted and the error (FlashError) says so.
   */
  async finish(options: { signal?: AbortSignal; onBytes?: (done: number) => void }): Promise<void> {
    await this.#writing(() => this.#handle.sync());
    const { bytes, sha256 } = await digestFile(this.path, options);
    if (bytes !== this.#expected.bytes || sha256 !== this.#expected.sha256) {
      await this.delete();
      throw new FlashError(`The downloaded file has SHA-256 ${sha256}, expected ${this.#expected.sha256}`, {
        where: this.#target,
        remedy:
          'The download was deleted; run the same command again. If it happens twice, the server has another file.',
      });
    }
    await this.#writing(async () => {
      await rename(this.path, this.#target);
      await discard(originPath(this.#target));
      await syncFolder(dirname(this.#target));
    });
  }

  /** Removes the part for good; for content that can't become the expected file. */
  async delete(): Promise<void> {
    await discard(this.path);
    await discard(originPath(this.#target));
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #writing(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw fileError(error, 'Cannot write', this.path);
    }
  }
}

function partPath(target: string): string {
  return `${target}.part`;
}

function originPath(target: string): string {
  return `${target}.part.json`;
}

/** A missing or damaged note only costs a new beginning. */
function readOrigin(target: string): { readonly etag?: string; readonly sha256?: unknown } | undefined {
  try {
    const { etag, sha256 } = JSON.parse(readSmallFile(originPath(target), 'Cannot read the note'));
    return { etag: typeof etag === 'string' ? etag : undefined, sha256 };
  } catch {
    return undefined;
  }
}
