import type { Terminal } from '../terminal.ts';
import type { Reporter } from './reporter.ts';

/** Nothing until the summary; what must not be missed goes to standard error. */
export class QuietReporter implements Reporter {
  constructor(private readonly terminal: Terminal) {}

  onEvent(): void {}

  onProgress(): void {}

  say(line: string): void {
    this.terminal.note(line);
  }

  close(): void {}
}
