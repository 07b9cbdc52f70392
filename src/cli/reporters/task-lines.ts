import type { WorkProgress } from '../../core/hook.ts';
import { formatPercent } from '../format.ts';
import { stepDetail, taskName } from './event-lines.ts';
import type { ProgressMeter } from './progress-meter.ts';
import { TaskClock } from './task-clock.ts';

/** Seconds before the first line about a task, so that quick work says nothing, and between two of them at least. */
const INTERVAL = 10;
/** Longer tasks say less: a line for each tenth of the time so far, one a minute at least. */
const INTERVAL_SHARE = 1 / 10;
const MAX_INTERVAL = 60;

/** Where lines can't be drawn over: now and then a line about how far a task is. */
export class TaskLines {
  private readonly clock: TaskClock;
  private lastLine = 0;

  /** `now` gives seconds. */
  constructor(
    private readonly write: (line: string) => void,
    now?: () => number,
  ) {
    this.clock = new TaskClock(now);
  }

  /** `share` from 0 to 1; `amount` says the same in units, where there are any. */
  show(task: string, share: number, amount?: string): void {
    this.say(task, share, () => `${amount ?? formatPercent(share)}, ${this.clock.text}`);
  }

  /** Work of a run; of a step the time that the run still takes. */
  showWork(work: WorkProgress, meter: ProgressMeter): void {
    const task = taskName(work, meter);
    if (work.work === 'step') this.say(task, work.share, () => stepDetail(work, meter));
    else this.show(task, work.share);
  }

  private say(task: string, share: number, text: () => string): void {
    if (this.clock.update(task, share)) this.lastLine = 0;
    const { seconds } = this.clock;
    const interval = Math.min(Math.max(INTERVAL, seconds * INTERVAL_SHARE), MAX_INTERVAL);
    if (seconds - this.lastLine < interval) return;
    this.lastLine = seconds;
    this.write(`${task}: ${text()}`);
  }
}
