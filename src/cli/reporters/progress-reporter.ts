import type { WorkProgress } from '../../core/hook.ts';
import type { TrainEvent } from '../../train/events.ts';
import type { Terminal } from '../terminal.ts';
import { barDetail, eventLine, stepDetail, stepLine, stepName, taskName } from './event-lines.ts';
import { ProgressBar } from './progress-bar.ts';
import type { ProgressMeter } from './progress-meter.ts';
import type { Reporter } from './reporter.ts';
import type { StepPace } from './step-pace.ts';
import { TaskClock } from './task-clock.ts';

/** A bar at the bottom of the terminal, and above it the lines that others see, so that they can be read back. */
export class ProgressReporter implements Reporter {
  private readonly bar: ProgressBar;
  private readonly clock = new TaskClock();

  constructor(
    private readonly terminal: Terminal,
    private readonly meter: ProgressMeter,
    private readonly pace: StepPace,
  ) {
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
