import { closeSync, fstatSync, readSync } from 'node:fs';
import { FlashError } from '../core/errors.ts';
import { fileError } from '../files/files.ts';
import { openRegularFile } from '../files/regular-file.ts';
import { BlockCheck, sumsLength } from './token-file-blocks.ts';
import { decodeHeader, HEADER_BYTES, isGenuine, type TokenFileInfo } from './token-file-header.ts';

/** Ids read from the disk at a time. */
const RUN = 1 << 16;

/** Where a document lies in a token file: [start, end), its end-of-document id included. */
export interface DocumentRange {
  readonly start: number;
  readonly end: number;
}

/**
 * An encoded corpus on disk: documents one after the other, each ended by `info.eos`. Reads by position; nothing but
 * a small buffer is kept in memory. Each block is compared with its checksum when it is first read, not when the file
 * is opened: a large corpus would take seconds.
 */
export class TokenFile {
  readonly path: string;
  /** What a person calls the text in it: the files that it was made from. */
  readonly source: string;
  readonly info: TokenFileInfo;
  /** Number of ids. */
  readonly tokens: number;

  private readonly fd: number;
  private readonly check: BlockCheck;
  /** As it was when it was opened, or found unchanged since. */
  private state: FileState;
  private readonly run: Uint16Array | Uint32Array;
  private readonly runBytes: Uint8Array;

  private constructor(path: string, source: string, fd: number, info: TokenFileInfo, sums: Buffer) {
    this.path = path;
    this.source = source;
    this.fd = fd;
    this.info = info;
    this.state = stateOf(fd);
    this.tokens = info.tokens;
    this.run = info.bytesPerId === 2 ? new Uint16Array(RUN) : new Uint32Array(RUN);
    this.runBytes = new Uint8Array(this.run.buffer);
    this.check = new BlockCheck(sums, info.tokens * info.bytesPerId);
  }

  /**
   * Opens a file and checks its header against its size and its checksum. Throws FlashError if it can't be read or is not a whole token
   * file. Close it when done.
   */
  static open(path: string, source = path): TokenFile {
    const fd = openRegularFile(path, 'Cannot read the token file');
    try {
      const header = Buffer.alloc(HEADER_BYTES);
      const count = readSync(fd, header, 0, HEADER_BYTES, 0);
      const info = decodeHeader(header.subarray(0, count), fstatSync(fd).size);
      if (typeof info === 'string') throw damaged(path, info);
      const body = info.tokens * info.bytesPerId;
      const sums = Buffer.alloc(sumsLength(body));
      readFully(fd, sums, HEADER_BYTES + body, path);
      if (!isGenuine(header, sums)) throw damaged(path, 'its header fails the checksum');
      return new TokenFile(path, source, fd, info, sums);
    } catch (error) {
      closeSync(fd);
      throw fileError(error, 'Cannot read the token file', path);
    }
  }

  /**
   * Writes the `count` ids from position `start` on to `out`, from `outOffset` on. The stream wraps around: after the
   * last id comes the first, so every position has a successor and `start` and `count` may exceed `tokens`. Throws
   * FlashError if what is read is not what was written, or the file was cut short since it was opened.
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
    let state: FileState;
    try {
      state = stateOf(this.fd);
    } catch (error) {
      throw fileError(error, 'Cannot read the token file', this.path);
    }
    const { size, written, changed } = this.state;
    if (state.size !== size || state.written !== written) {
      throw damaged(this.path, 'it was changed while it was in use');
    }
    if (state.changed === changed) return;
    // Mostly its name or permissions: another process may put a new file in its place and take nothing away. But
    // whoever writes to it can set the time of writing back.
    const block = this.check.findChange(this.readBody);
    if (block !== undefined) throw damaged(this.path, `block ${block} of its ids was changed while in use`);
    this.state = state;
  }

  close(): void {
    closeSync(this.fd);
  }

  /** Reads `length` ids, not beyond the end, into `run`. */
  private fill(position: number, length: number): void {
    const { bytesPerId } = this.info;
    const start = position * bytesPerId;
    const out = this.runBytes.subarray(0, length * bytesPerId);
    const block = this.check.findDamage(start, start + out.length, this.readBody);
    if (block !== undefined) throw damaged(this.path, `block ${block} of its ids fails the checksum`);
    this.readBody(out, start);
  }

  private readonly readBody = (out: Uint8Array, position: number): void => {
    readFully(this.fd, out, HEADER_BYTES + position, this.path);
  };
}

function readFully(fd: number, out: Uint8Array, position: number, path: string): void {
  try {
    for (let got = 0; got < out.length; ) {
      const count = readSync(fd, out, got, out.length - got, position + got);
      if (count === 0) throw damaged(path, 'it became shorter while it was in use');
      got += count;
    }
  } catch (error) {
    throw fileError(error, 'Cannot read the token file', path);
  }
}

interface FileState {
  readonly size: number;
  /** Time of the last writing, which a program can set. */
  readonly written: number;
  /** Time of the last change to the file, its names or its permissions, which it can't. */
  readonly changed: number;
}

function stateOf(fd: number): FileState {
  const { size, mtimeMs, ctimeMs } = fstatSync(fd);
  return { size, written: mtimeMs, changed: ctimeMs };
}

function damaged(path: string, what: string): FlashError {
  return new FlashError(`The token file is damaged: ${what}`, {
    where: path,
    remedy: 'Remove it and start again: it is built again from the data.',
  });
}
