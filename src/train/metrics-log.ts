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
import { fileError, formatBytes } from '../core/files.ts';

const CHUNK_BYTES = 1 << 20;
/** A line holds a few numbers, or the text of a sample. */
const MAX_LINE_BYTES = 1 << 26;
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
   * Throws FlashError when the file can't be read and written, is not a regular file, or holds what no run wrote.
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
      const end = endOfStep(fd, step, path);
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
function endOfStep(fd: number, step: number, path: string): number {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let begun: Buffer[] = []; // what was read of the line that goes on in the next chunk
  let length = 0;
  let end = 0;
  for (;;) {
    const text = chunk.subarray(0, readSync(fd, chunk, 0, chunk.length, end + length));
    if (text.length === 0) return end;
    let start = 0;
    for (let stop = text.indexOf(NEWLINE); stop >= 0; stop = text.indexOf(NEWLINE, start)) {
      const line = Buffer.concat([...begun, text.subarray(start, stop)]);
      if (stepOfLine(line.toString('utf8')) > step) return end;
      end += line.length + 1;
      start = stop + 1;
      begun = [];
      length = 0;
    }
    begun.push(Buffer.from(text.subarray(start)));
    length += text.length - start;
    if (length > MAX_LINE_BYTES) {
      throw new FlashError(`The metrics log has a line of more than ${formatBytes(MAX_LINE_BYTES)}`, {
        where: path,
        remedy: 'No run wrote that: move the file away.',
      });
    }
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
