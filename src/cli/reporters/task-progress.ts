import { formatBytes } from '../../core/files.ts';
import type { DownloadProgress } from '../../data/download.ts';
import type { PrepareProgress } from '../../data/prepare.ts';
import type { Terminal } from '../terminal.ts';
import { ProgressBar } from './progress-bar.ts';

const STAGES: Readonly<Record<PrepareProgress['stage'], string>> = {
  hash: 'reading',
  count: 'counting words',
  encode: 'encoding',
};
/** Where there is no terminal: seconds between lines about one stage. A stage that is over sooner says nothing. */
const SECONDS_A_LINE = 10;

/** Shows how far downloads and data preparation are: a bar on a terminal, now and then a line elsewhere. */
export class TaskProgress {
  private readonly bar: ProgressBar | undefined;
  private stage = '';
  private lastLine = 0;

  constructor(private readonly terminal: Terminal) {
    this.bar = terminal.interactive ? new ProgressBar(terminal) : undefined;
  }

  readonly onDownload = ({ file, phase, doneBytes, totalBytes }: DownloadProgress): void => {
    this.show(`${phase === 'verify' ? 'verifying' : 'downloading'} ${file}`, doneBytes, totalBytes);
  };

  readonly onPrepare = ({ stage, done, total }: PrepareProgress): void =>
    this.show(STAGES[stage], done, total);

  /** A line that must not get lost in the bar. */
  readonly note = (line: string): void => {
    if (this.bar) this.bar.log(() => this.terminal.note(line));
    else this.terminal.note(line);
  };

  /** Takes the bar away; showing more brings it back. */
  end(): void {
    this.bar?.stop();
  }

  private show(stage: string, done: number, total: number): void {
    const detail = `${formatBytes(done)} of ${formatBytes(total)}`;
    if (this.bar) {
      this.bar.update(stage, total ? done / total : 0, detail);
      return;
    }
    const now = performance.now() / 1000;
    if (stage !== this.stage) {
      this.stage = stage;
      this.lastLine = now;
    } else if (now - this.lastLine >= SECONDS_A_LINE) {
      this.lastLine = now;
      this.terminal.note(`${stage}: ${detail}`);
    }
  }
}
