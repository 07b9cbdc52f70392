import type { WorkProgress } from '../../core/hook.ts';
import type { TrainEvent } from '../../train/events.ts';
import { eventLine, stepLine } from './event-lines.ts';
import type { ProgressMeter } from './progress-meter.ts';
import type { Reporter } from './reporter.ts';
import type { StepPace } from './step-pace.ts';
import { TaskLines } from './task-lines.ts';

/** Plain lines, for files and pipes: fewer as the run gets longer. */
export class LineReporter implements Reporter {
  private readonly tasks: TaskLines;

  /** `now` gives seconds. */
  constructor(
    private readonly write: (line: string) => void,
    private readonly meter: ProgressMeter,
    private readonly pace: StepPace,
    now?: () => number,
  ) {
    this.tasks = new TaskLines(write, now);
  }

  onEvent(event: TrainEvent): void {
    if (event.event === 'step') {
      if (this.pace.isDue(event.step)) this.write(stepLine(event, this.meter));
    } else {
      const line = eventLine(event);
      if (line) this.write(line);
    }
  }

  onProgress(progress: WorkProgress): void {
    this.tasks.showWork(progress, this.meter);
  }

  say(line: string): void {
    this.write(line);
  }

  close(): void {}
}
