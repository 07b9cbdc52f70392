/** What a person needs beside the message itself. */
export interface FlashErrorDetails {
  /** File, `file:line:column`, layer path or option the error is about. */
  readonly where?: string;
  /** One sentence: what to do about it. */
  readonly remedy?: string;
  /** Exit status of the command line: 1 = failed (default), 2 = wrong usage. */
  readonly exitCode?: 1 | 2;
  readonly cause?: unknown;
}

/**
 * An error meant to be read by the person at the terminal: what happened, where, and what to do, in one to three
 * lines. Anything else that is thrown is a bug of ours and is reported with its stack.
 */
export class FlashError extends Error {
  readonly where?: string;
  readonly remedy?: string;
  readonly exitCode: 1 | 2;

  constructor(what: string, details: FlashErrorDetails = {}) {
    super(what, { cause: details.cause });
    this.name = 'FlashError';
    this.where = details.where;
    this.remedy = details.remedy;
    this.exitCode = details.exitCode ?? 1;
  }

  /** The lines a terminal shows: `what`, `  at where`, `  remedy`. */
  lines(): string[] {
    return [
      this.message,
      ...(this.where ? [`  at ${this.where}`] : []),
      ...(this.remedy ? [`  ${this.remedy}`] : []),
    ];
  }
}
