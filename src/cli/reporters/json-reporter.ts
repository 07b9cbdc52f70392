import type { TrainEvent } from '../../train/events.ts';
import type { Terminal } from '../terminal.ts';
import type { Reporter } from './reporter.ts';

/** For programs: each event as one line of JSON on standard output, everything else on standard error. */
export class JsonReporter implements Reporter {
  constructor(private readonly terminal: Terminal) {}

  onEvent(event: TrainEvent): void {
    this.terminal.print(JSON.stringify(event));
  }

  say(line: string): void {
    this.terminal.note(line);
  }

  close(): void {}
}
