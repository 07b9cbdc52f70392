import type { Writable } from 'node:stream';
import { fileError } from '../files/files.ts';

/** A stream that may be a terminal: `process.stdout`, a file, a pipe. */
export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

type Style = (text: string) => string;

/** Emphasis on a terminal, the text itself elsewhere. */
export interface Styles {
  readonly enabled: boolean;
  readonly bold: Style;
  readonly dim: Style;
  readonly red: Style;
  readonly yellow: Style;
  readonly green: Style;
}

/** https://no-color.org: set and not empty, whatever its value. */
function allowsStyles(stream: OutputStream, env: NodeJS.ProcessEnv): boolean {
  return Boolean(stream.isTTY) && !env.NO_COLOR && env.TERM !== 'dumb';
}

/** SGR escape sequences (ECMA-48), each ended by the code that undoes it alone. */
function createStyles(enabled: boolean): Styles {
  const style =
    (on: number, off: number): Style =>
    (text) =>
      enabled && text ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  return {
    enabled,
    bold: style(1, 22),
    dim: style(2, 22),
    red: style(31, 39),
    green: style(32, 39),
    yellow: style(33, 39),
  };
}

const DEFAULT_COLUMNS = 80;

/** Where a command writes: results to standard output, everything else to standard error. */
export class Terminal {
  /** For text on standard output. */
  readonly styles: Styles;
  /** For text on standard error. */
  readonly noteStyles: Styles;
  /** Called once when nobody reads our output any more (`| head`). A command that has work to save replaces it. */
  onClosed: () => void = () => process.exit(0);
  private closed = false;

  constructor(
    readonly stdout: OutputStream,
    readonly stderr: OutputStream,
    readonly env: NodeJS.ProcessEnv = process.env,
    /** Seconds, by which long work says now and then how far it is. */
    readonly now: () => number = () => performance.now() / 1000,
  ) {
    this.styles = createStyles(allowsStyles(stdout, env));
    this.noteStyles = createStyles(allowsStyles(stderr, env));
    stdout.on('error', (error) => this.lose(error, stdout, 'standard output'));
    stderr.on('error', (error) => this.lose(error, stderr, 'standard error'));
  }

  /** Width of standard output in characters; undefined where nothing needs to be cut. */
  get columns(): number | undefined {
    return this.stdout.isTTY ? (this.stdout.columns ?? DEFAULT_COLUMNS) : undefined;
  }

  /** A person watches both streams, and lines may be drawn over. */
  get interactive(): boolean {
    return Boolean(this.stdout.isTTY && this.stderr.isTTY) && this.env.TERM !== 'dumb';
  }

  /** One line (or several) of the result. */
  print(line = ''): void {
    if (!this.closed) this.stdout.write(`${line}\n`);
  }

  /** A piece of the result, without a newline. */
  write(text: string): void {
    if (!this.closed) this.stdout.write(text);
  }

  /** A line that is not part of the result: a notice, an error, progress. */
  note(line: string): void {
    if (!this.closed) this.stderr.write(`${line}\n`);
  }

  private lose(error: NodeJS.ErrnoException, stream: OutputStream, name: string): void {
    // EIO: the terminal's window was closed. Of a file it is the disk's error.
    const gone = error.code === 'EPIPE' || (error.code === 'EIO' && stream.isTTY);
    if (!gone) throw fileError(error, 'Cannot write what is to be shown', name);
    if (this.closed) return;
    this.closed = true;
    this.onClosed();
  }
}
