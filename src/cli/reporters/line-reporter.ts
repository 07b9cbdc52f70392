import type { TrainEvent, WorkProgress } from '../../train/events.ts';
import { eventLine, stepLine } from './event-lines.ts';
import type { ProgressMeter } from './progress-meter.ts';
import type { Reporter } from './reporter.ts';
import { TaskLines } from './task-lines.ts';

/** Seconds between lines: 2 at first, then a twentieth of the time so far, a minute at most. */
const INTERVAL = { least: 2, share: 1 / 20, most: 60 };
/** Steps that take long are told of sooner than `every` says. */
const PATIENCE = 10;

/** Plain lines, for files and pipes: fewer as the run gets longer. */
export class LineReporter implements Reporter {
  private readonly began: number;
  private readonly tasks: TaskLines;
  private lastTime = Number.NEGATIVE_INFINITY;
  private lastStep = 0;

  /** `every` is the least number of steps between lines; `now` gives seconds. */
  constructor(
    private readonly write: (line: string) => void,
    private readonly meter: ProgressMeter,
    private readonly every: number,
    private readonly now: () => number = () => performance.now() / 1000,
  ) {
    this.began = now();
    this.tasks = new TaskLines(write, now);
  }

  onEvent(event: TrainEvent): void {
    if (event.event === 'step') {
      if (!this.isDue(event.step)) return;
      this.lastTime = this.now();
      this.lastStep = event.step;
      this.write(stepLine(event, this.meter));
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

  private isDue(step: number): boolean {
    const { least, share, most } = INTERVAL;
    const waited = this.now() - this.lastTime;
    const interval = Math.min(Math.max(least, (this.now() - this.began) * share), most);
    return waited >= interval && (step - this.lastStep >= this.every || waited >= PATIENCE);
  }
}
