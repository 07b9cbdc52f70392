import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { FlashError } from '../core/errors.ts';
import { fileError } from '../core/files.ts';

const CHUNK_BYTES = 1 << 20;
const NEWLINE = 0x0a;

/** A file of JSON objects, one a line, that only ever grows: metrics.jsonl. */
export class MetricsLog {
  readonly path: string;
  readonly #fd: number;

  private constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  /**
   * Opens the log for a run that goes on after `step` (0: from the start). Lines that the abandoned part of the run
   * wrote (from the first whose `step` is beyond) are cut, and so is a last line that was only half written.
   * Throws FlashError when the file can't be read and written, or is not a regular file.
   */
  static open(path: string, step: number): MetricsLog {
    // Links are not followed: a run writes nowhere but in its own directory.
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0);
    let fd: number | undefined;
    try {
      // O_NONBLOCK does nothing to files; opening a pipe would wait for a reader without it.
      fd = openSync(path, flags | (constants.O_NONBLOCK ?? 0), 0o644);
      if (!fstatSync(fd).isFile())
        throw new FlashError('The metrics log is not a regular file', { where: path });
      const end = endOfStep(fd, step);
      if (end < fstatSync(fd).size) ftruncateSync(fd, end);
      return new MetricsLog(path, fd);
    } catch (error) {
      if (fd !== undefined) closeSync(fd);
      throw fileError(error, 'Cannot open the metrics log', path);
    }
  }

  /** Adds one line. It is with the operating system on return, so a killed process loses none. */
  append(record: object): void {
    const line = Buffer.from(`${JSON.stringify(record)}\n`);
    try {
      for (let at = 0; at < line.length; ) at += writeSync(this.#fd, line, at);
    } catch (error) {
      throw fileError(error, 'Cannot write the metrics', this.path);
    }
  }

  /** Waits until the disk has every line. */
  sync(): void {
    try {
      fdatasyncSync(this.#fd);
    } catch (error) {
      throw fileError(error, 'Cannot write the metrics', this.path);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Bytes of the whole lines before the first one whose `step` is beyond `step`. */
function endOfStep(fd: number, step: number): number {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let rest = Buffer.alloc(0); // what was read of the line that goes on in the next chunk
  let end = 0;
  for (;;) {
    const read = readSync(fd, chunk, 0, chunk.length, end + rest.length);
    if (read === 0) return end;
    const text = Buffer.concat([rest, chunk.subarray(0, read)]);
    let start = 0;
    for (let stop = text.indexOf(NEWLINE); stop >= 0; stop = text.indexOf(NEWLINE, start)) {
      if (stepOfLine(text.toString('utf8', start, stop)) > step) return end;
      end += stop + 1 - start;
      start = stop + 1;
    }
    rest = text.subarray(start);
  }
}

/** A line without a step, or one that is no JSON, belongs to whatever stands before it. */
function stepOfLine(line: string): number {
  try {
    const step: unknown = JSON.parse(line)?.step;
    return typeof step === 'number' ? step : Number.NEGATIVE_INFINITY;
  } catch {
    return Number.NEGATIVE_INFINITY;
  }
}
