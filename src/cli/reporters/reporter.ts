import type { WorkProgress } from '../../core/hook.ts';
import type { TrainEvent } from '../../train/events.ts';
import type { Terminal } from '../terminal.ts';
import { barDetail, eventLine, stepDetail, stepLine, stepName, taskName } from './event-lines.ts';
import { ProgressBar } from './progress-bar.ts';
import type { ProgressMeter, StepPace } from './progress-meter.ts';
import { TaskClock, TaskLines } from './task-progress.ts';

/** Shows a person or a program how a training run goes. */
export interface Reporter {
  /** Called with every event of the run, in order. */
  onEvent(event: TrainEvent): void;
  /** Called with the progress of the work before the next event. */
  onProgress(progress: WorkProgress): void;
  /** A line for the person that is not an event: what runs, a notice. */
  say(line: string): void;
  /** Nothing more comes, also after an error: gives the terminal back. */
  close(): void;
}

/** Plain lines, for files and pipes: fewer as the run gets longer. */
export class LineReporter implements Reporter {
  private readonly tasks: TaskLines;

  /** `now` gives seconds. */
  constructor(
    private readonly write: (line: string) => void,
    private readonly meter: ProgressMeter,
    private readonly pace: StepPace,
    now: () => number,
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

/** A bar at the bottom of the terminal, and above it the lines that others see, so that they can be read back. */
export class ProgressReporter implements Reporter {
  private readonly bar: ProgressBar;
  private readonly clock: TaskClock;

  constructor(
    private readonly terminal: Terminal,
    private readonly meter: ProgressMeter,
    private readonly pace: StepPace,
  ) {
    this.clock = new TaskClock(terminal.now);
    this.bar = new ProgressBar(terminal);
    // There at once: a first step can take minutes.
    this.bar.update(stepName(meter.progress.step, meter), meter.share ?? 0, 'the first step is under way');
  }

  onEvent(event: TrainEvent): void {
    if (event.event === 'step') {
      if (this.pace.isDue(event.step)) this.say(stepLine(event, this.meter));
      this.bar.update(stepName(event.step, this.meter), this.meter.share ?? 0, barDetail(event, this.meter));
    } else {
      const line = eventLine(event);
      if (line) this.say(event.event === 'eval' ? line : this.terminal.styles.dim(line));
    }
  }

  onProgress(progress: WorkProgress): void {
    const task = taskName(progress, this.meter);
    if (progress.work === 'step') {
      this.bar.update(task, this.meter.share ?? 0, stepDetail(progress, this.meter));
    } else {
      this.clock.update(task, progress.share);
      this.bar.update(task, progress.share, this.clock.text);
    }
  }

  say(line: string): void {
    this.bar.log(() => this.terminal.print(line));
  }

  close(): void {
    this.bar.stop();
  }
}

/** For programs: each event as one line of JSON on standard output, everything else on standard error. */
export class JsonReporter implements Reporter {
  private readonly lines: TaskLines;

  constructor(
    private readonly terminal: Terminal,
    private readonly meter: ProgressMeter,
  ) {
    this.lines = new TaskLines((line) => terminal.note(line), terminal.now);
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
