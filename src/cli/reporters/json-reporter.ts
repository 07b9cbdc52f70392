import type { WorkProgress } from '../../core/hook.ts';
import type { TrainEvent } from '../../train/events.ts';
import type { Terminal } from '../terminal.ts';
import type { ProgressMeter } from './progress-meter.ts';
import type { Reporter } from './reporter.ts';
import { TaskLines } from './task-lines.ts';

/** For programs: each event as one line of JSON on standard output, everything else on standard error. */
export class JsonReporter implements Reporter {
  private readonly lines: TaskLines;

  constructor(
    private readonly terminal: Terminal,
    private readonly meter: ProgressMeter,
  ) {
    this.lines = new TaskLines((line) => terminal.note(line));
  }

  onEvent(event: TrainEvent): void {
    this.terminal.print(JSON.stringify(event));
  }

  onProgress(progress: WorkProgress): void {
    this.lines.showWork(progress, this.meter);
  }

  say(line: string): void {
    this.terminal.note(line);
  }

  close(): void {}
}
