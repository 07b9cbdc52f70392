import { formatBytes } from '../../core/format-bytes.ts';
import type { DownloadProgress } from '../../data/download.ts';
import type { PrepareProgress } from '../../data/prepare.ts';
import type { Terminal } from '../terminal.ts';
import { ProgressBar } from './progress-bar.ts';
import { TaskClock } from './task-clock.ts';
import { TaskLines } from './task-lines.ts';

const STAGES: Readonly<Record<PrepareProgress['stage'], string>> = {
  hash: 'reading',
  count: 'counting words',
  encode: 'encoding',
};

/** Shows how far any work of a command is, and when it will end: a bar on a terminal, now and then a line elsewhere. */
export class TaskProgress {
  private readonly bar: ProgressBar | undefined;
  private readonly clock = new TaskClock();
  private readonly lines: TaskLines;

  constructor(private readonly terminal: Terminal) {
    this.bar = terminal.interactive ? new ProgressBar(terminal) : undefined;
    this.lines = new TaskLines((line) => terminal.note(line));
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
