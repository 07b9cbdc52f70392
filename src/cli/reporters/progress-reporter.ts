import type { TrainEvent } from '../../train/events.ts';
import type { Terminal } from '../terminal.ts';
import { barDetail, eventLine, stepName } from './event-lines.ts';
import { ProgressBar } from './progress-bar.ts';
import type { ProgressMeter } from './progress-meter.ts';
import type { Reporter } from './reporter.ts';

/** A bar at the bottom of the terminal, everything but steps in lines above it. */
export class ProgressReporter implements Reporter {
  private readonly bar: ProgressBar;

  constructor(
    private readonly terminal: Terminal,
    private readonly meter: ProgressMeter,
  ) {
    this.bar = new ProgressBar(terminal);
  }

  onEvent(event: TrainEvent): void {
    if (event.event === 'step') {
      this.bar.update(stepName(event.step, this.meter), this.meter.share ?? 0, barDetail(event, this.meter));
    } else {
      const line = eventLine(event);
      if (line) this.say(event.event === 'eval' ? line : this.terminal.styles.dim(line));
    }
  }

  say(line: string): void {
    this.bar.log(() => this.terminal.print(line));
  }

  close(): void {
    this.bar.stop();
  }
}
