import type { Terminal } from './terminal.ts';

const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
/** 128 + SIGPIPE, as for a program that a signal ended. */
const READER_GONE = 141;

/**
 * Turns the first Ctrl-C (SIGINT), SIGTERM, closing of the terminal (SIGHUP) or loss of the reader into an AbortSignal,
 * so that a command can finish what it must. That a signal was ignored when the process began (`nohup`) can't be known:
 * Node gives every signal its ordinary effect before any of our code runs, and keeps no note of it. The second Ctrl-C ends the process at once: as soon as the event loop turns, so work has to be done in
 * pieces. (Giving signals their ordinary effect back instead would lose one that comes just before.)
 */
export class Interruption {
  private readonly controller = new AbortController();
  private status = 0;

  /** `onFirst` is called with the first signal at once, to say what happens now. */
  constructor(
    private readonly terminal: Terminal,
    private readonly onFirst: (signal: NodeJS.Signals) => void,
    /** Says that the process ends now; nothing else can be done any more. */
    private readonly onSecond: () => void = () => terminal.note('Stopped at once.'),
  ) {
    for (const name of names()) process.on(name, this.onSignal);
    this.restore = terminal.onClosed;
    terminal.onClosed = () => this.abort(READER_GONE);
  }

  private readonly restore: () => void;

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** What the process should end with: 128 + the signal's number; 0 when nothing interrupted it. */
  get exitStatus(): number {
    return this.status;
  }

  /** Gives signals their ordinary effect again. */
  close(): void {
    for (const name of names()) process.off(name, this.onSignal);
    this.terminal.onClosed = this.restore;
  }

  private readonly onSignal = (name: NodeJS.Signals): void => {
    if (this.signal.aborted) {
      this.onSecond();
      process.exit(this.status);
    }
    this.abort(SIGNALS[name as keyof typeof SIGNALS]);
    this.onFirst(name);
  };

  private abort(status: number): void {
    this.status ||= status;
    this.controller.abort();
  }
}

function names(): (keyof typeof SIGNALS)[] {
  return Object.keys(SIGNALS) as (keyof typeof SIGNALS)[];
}
