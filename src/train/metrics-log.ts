import { closeSync, constants, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { FlashError } from '../core/errors.ts';
import { formatBytes } from '../core/format-bytes.ts';
import { fileError, writeFully } from '../files/files.ts';

const CHUNK_BYTES = 1 << 20;
/** A line holds a few numbers, or the text of a sample. */
const MAX_LINE_BYTES = 1 << 26;
const NEWLINE = 0x0a;

/** A line of the log, parsed; empty for one that is not a JSON object. */
export type LoggedEvent = Readonly<Record<string, unknown>>;

export interface ReopenOptions {
  /**
   * Nothing is left to train. Then what comes after the line of the step's checkpoint is what the end of a run
   * writes, and the run is about to write it again.
   */
  readonly ended?: boolean;
  /** Called with each line that stays. */
  readonly onKept?: (event: LoggedEvent) => void;
}

/** A file of JSON objects, one a line, that only ever grows: metrics.jsonl. */
export class MetricsLog {
  readonly path: string;
  readonly #fd: number;

  private constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  /**
   * Opens the log for a run that resumes after `step` (0: from the start). Lines that the abandoned part of the run
   * wrote (from the first whose `step` is beyond) are cut, and so is a last line that was only half written: the log
   * continues as if the run had never stopped. Throws FlashError when the file can't be read and written, is not a
   * regular file, or holds what no run wrote.
   */
  static open(path: string, step: number, options: ReopenOptions = {}): MetricsLog {
    // Links are not followed: a run writes nowhere but in its own directory.
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | (constants.O_NOFOLLOW ?? 0);
    let fd: number | undefined;
    try {
      // O_NONBLOCK does nothing to files; opening a pipe would wait for a reader without it.
      fd = openSync(path, flags | (constants.O_NONBLOCK ?? 0), 0o644);
      if (!fstatSync(fd).isFile())
        throw new FlashError('The metrics log is not a regular file', { where: path });
      const end = endOfKept(fd, keeper(step, options), path);
      if (end < fstatSync(fd).size) ftruncateSync(fd, end);
      return new MetricsLog(path, fd);
    } catch (error) {
      if (fd !== undefined) closeSync(fd);
      throw fileError(error, 'Cannot open the metrics log', path);
    }
  }

  /** Adds one line. It is with the operating system on return, so a killed process loses none. */
  append(record: object): void {
    try {
      writeFully(this.#fd, `${JSON.stringify(record)}\n`);
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

/** Bytes of the whole lines before the first one that is not kept. */
function endOfKept(fd: number, keeps: (line: string) => boolean, path: string): number {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let begun: Buffer[] = []; // what was read of the line that continues in the next chunk
  let length = 0;
  let end = 0;
  for (;;) {
    const text = chunk.subarray(0, readSync(fd, chunk, 0, chunk.length, end + length));
    if (text.length === 0) return end;
    let start = 0;
    for (let stop = text.indexOf(NEWLINE); stop >= 0; stop = text.indexOf(NEWLINE, start)) {
      const line = Buffer.concat([...begun, text.subarray(start, stop)]);
      if (!keeps(line.toString('utf8'))) return end;
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

/** Asked line by line; a line without a step, or one that is not JSON, belongs to whatever is before it. */
function keeper(step: number, { ended, onKept }: ReopenOptions): (line: string) => boolean {
  let behindCheckpoint = false;
  return (line) => {
    const event = parseLine(line);
    if (ended && behindCheckpoint) return false;
    if (typeof event.step === 'number' && event.step > step) return false;
    behindCheckpoint ||= event.event === 'checkpoint' && event.step === step;
    onKept?.(event);
    return true;
  };
}

function parseLine(line: string): LoggedEvent {
  try {
    return Object(JSON.parse(line));
  } catch {
    return {};
  }
}
