import { formatBytes } from '../../core/format-bytes.ts';
import type { WorkProgress } from '../../core/hook.ts';
import type { DownloadProgress } from '../../data/download.ts';
import type { PrepareProgress } from '../../data/prepare.ts';
import { formatDuration, formatPercent } from '../format.ts';
import type { Terminal } from '../terminal.ts';
import { stepDetail, taskName } from './event-lines.ts';
import { ProgressBar } from './progress-bar.ts';
import type { ProgressMeter } from './progress-meter.ts';

/** Less than this says too little about the rest. */
const MIN_SECONDS = 1;

/** How long one task has run and will run, told from the share of it that is done. */
export class TaskClock {
  private name = '';
  private began = 0;
  private firstShare = 0;
  private newest = 0;

  /** `now` gives seconds. */
  constructor(private readonly now: () => number) {}

  /** Takes in how far `task` is. @returns whether it has only begun. */
  update(task: string, share: number): boolean {
    const isNew = task !== this.name || share < this.newest;
    if (isNew) [this.name, this.began, this.firstShare] = [task, this.now(), share];
    this.newest = share;
    return isNew;
  }

  get seconds(): number {
    return this.now() - this.began;
  }

  /** `3m 12s left`, once that can be told; how long it has taken before that. */
  get text(): string {
    const { seconds, newest, firstShare } = this;
    if (seconds < MIN_SECONDS) return '';
    if (newest <= firstShare) return `${formatDuration(seconds)} so far`;
    const left = (seconds * Math.max(0, 1 - newest)) / (newest - firstShare);
    return `${formatDuration(Math.ceil(left))} left`;
  }
}

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
    now: () => number,
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

const STAGES: Readonly<Record<PrepareProgress['stage'], string>> = {
  hash: 'reading',
  count: 'counting words',
  encode: 'encoding',
};

/** Shows how far any work of a command is, and when it will end: a bar on a terminal, now and then a line elsewhere. */
export class TaskProgress {
  private readonly bar: ProgressBar | undefined;
  private readonly clock: TaskClock;
  private readonly lines: TaskLines;

  constructor(private readonly terminal: Terminal) {
    this.clock = new TaskClock(terminal.now);
    this.bar = terminal.interactive ? new ProgressBar(terminal) : undefined;
    this.lines = new TaskLines((line) => terminal.note(line), terminal.now);
  }

  /** `share` from 0 to 1; `amount` says the same in units, where there are any. */
  readonly show = (task: string, share: number, amount?: string): void => {
    if (this.bar) {
      this.clock.update(task, share);
      this.bar.update(task, share, [amount, this.clock.text].filter(Boolean).join('  '));
    } else this.lines.show(task, share, amount);
  };

  readonly onDownload = ({ file, phase, doneBytes, totalBytes }: DownloadProgress): void => {
    this.showBytes(`${phase === 'verify' ? 'verifying' : 'downloading'} ${file}`, doneBytes, totalBytes);
  };

  readonly onPrepare = ({ stage, done, total }: PrepareProgress): void =>
    this.showBytes(STAGES[stage], done, total);

  /** A line that must not get lost in the bar. */
  readonly note = (line: string): void => {
    if (this.bar) this.bar.log(() => this.terminal.note(line));
    else this.terminal.note(line);
  };

  /** Takes the bar away; showing more brings it back. */
  end(): void {
    this.bar?.stop();
  }

  private showBytes(task: string, done: number, total: number): void {
    this.show(task, total ? done / total : 0, `${formatBytes(done)} of ${formatBytes(total)}`);
  }
}
