import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { FlashError } from '../core/errors.ts';
import { fileError } from '../core/files.ts';
import { decodeHeader, HEADER_BYTES, type TokenFileInfo } from './token-file-header.ts';

/** Ids read from the disk at a time. */
const RUN = 1 << 16;

/** Where a document lies in a token file: [start, end), its end-of-document id included. */
export interface DocumentRange {
  readonly start: number;
  readonly end: number;
}

/**
 * An encoded corpus on disk: documents one after the other, each ended by `info.eos`. Reads by position; nothing but
 * a small buffer is kept in memory.
 */
export class TokenFile {
  readonly path: string;
  readonly info: TokenFileInfo;
  /** Number of ids. */
  readonly tokens: number;

  private readonly fd: number;
  /** Size and time of change when it was opened. */
  private readonly state: string;
  private readonly run: Uint16Array | Uint32Array;
  private readonly runBytes: Uint8Array;

  private constructor(path: string, fd: number, info: TokenFileInfo) {
    this.path = path;
    this.fd = fd;
    this.info = info;
    this.state = stateOf(fd);
    this.tokens = info.tokens;
    this.run = info.bytesPerId === 2 ? new Uint16Array(RUN) : new Uint32Array(RUN);
    this.runBytes = new Uint8Array(this.run.buffer);
  }

  /**
   * Opens a file and checks its header against its size. Throws FlashError if it can't be read or is no whole token
   * file. Close it when done.
   */
  static open(path: string): TokenFile {
    let fd: number;
    try {
      fd = openSync(path, 'r');
    } catch (error) {
      throw fileError(error, 'Cannot read the token file', path);
    }
    try {
      const header = Buffer.alloc(HEADER_BYTES);
      const count = readSync(fd, header, 0, HEADER_BYTES, 0);
      const info = decodeHeader(header.subarray(0, count), fstatSync(fd).size);
      if (typeof info === 'string') throw damaged(path, info);
      return new TokenFile(path, fd, info);
    } catch (error) {
      closeSync(fd);
      throw fileError(error, 'Cannot read the token file', path);
    }
  }

  /**
   * Writes the `count` ids from position `start` on to `out`, from `outOffset` on. The stream is a circle: after the
   * last id comes the first, so every position has a successor and `start` and `count` may exceed `tokens`. Throws
   * FlashError if the file was cut short or overwritten since it was opened.
   */
  read(start: number, count: number, out: Int32Array, outOffset = 0): void {
    if (!Number.isSafeInteger(start) || start < 0 || count < 0 || outOffset + count > out.length) {
      throw new RangeError(`TokenFile.read(${start}, ${count}) into ${out.length} ids from ${outOffset}`);
    }
    for (let done = 0, position = start % this.tokens; done < count; ) {
      const length = Math.min(count - done, this.tokens - position, RUN);
      this.fill(position, length);
      const { run } = this;
      const { vocab } = this.info;
      for (let i = 0, to = outOffset + done; i < length; i++) {
        const id = run[i]!;
        if (id >= vocab) throw damaged(this.path, `position ${position + i} holds the id ${id} of ${vocab}`);
        out[to++] = id;
      }
      done += length;
      position = (position + length) % this.tokens;
    }
  }

  /** Where each document lies, in order. */
  *documents(): Generator<DocumentRange> {
    let start = 0;
    for (let position = 0; position < this.tokens; position += RUN) {
      const length = Math.min(RUN, this.tokens - position);
      const ends: number[] = [];
      this.fill(position, length);
      for (let i = 0; i < length; i++) if (this.run[i] === this.info.eos) ends.push(position + i + 1);
      // The buffer may be read over while the caller has control, so the ends were collected first.
      for (const end of ends) {
        yield { start, end };
        start = end;
      }
    }
  }

  /**
   * Throws FlashError if the file was written to since it was opened. To be asked after reading: what was read is then
   * what the file held when it was opened.
   */
  checkUnchanged(): void {
    let state: string;
    try {
      state = stateOf(this.fd);
    } catch (error) {
      throw fileError(error, 'Cannot read the token file', this.path);
    }
    if (state !== this.state) throw damaged(this.path, 'it was changed while it was in use');
  }

  close(): void {
    closeSync(this.fd);
  }

  /** Reads `length` ids, not beyond the end, into `run`. */
  private fill(position: number, length: number): void {
    const { bytesPerId } = this.info;
    const wanted = length * bytesPerId;
    const start = HEADER_BYTES + position * bytesPerId;
    try {
      for (let got = 0; got < wanted; ) {
        const count = readSync(this.fd, this.runBytes, got, wanted - got, start + got);
        if (count === 0) throw damaged(this.path, 'it became shorter while it was in use');
        got += count;
      }
    } catch (error) {
      throw fileError(error, 'Cannot read the token file', this.path);
    }
  }
}

/** Not the time of its names and permissions: another process may put a new file in its place and take nothing away. */
function stateOf(fd: number): string {
  const { size, mtimeMs } = fstatSync(fd);
  return `${size} ${mtimeMs}`;
}

function damaged(path: string, what: string): FlashError {
  return new FlashError(`The token file is damaged: ${what}`, {
    where: path,
    remedy: 'Remove it and start again: it is built anew from the data.',
  });
}
