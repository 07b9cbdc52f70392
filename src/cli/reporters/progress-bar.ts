import { SingleBar } from 'cli-progress';
import type { Terminal } from '../terminal.ts';

const FRAMES_A_SECOND = 5;
const MAX_CELLS = 30;

/** One line at the bottom of a terminal: `label ━━━━━───── 48% detail`. Lines of text go above it. */
export class ProgressBar {
  private readonly bar: SingleBar;
  private label = '';
  private detail = '';
  private share = 0;

  constructor(private readonly terminal: Terminal) {
    this.bar = new SingleBar({
      stream: terminal.stderr,
      format: (_, params) => this.line(params.progress),
      fps: FRAMES_A_SECOND,
      clearOnComplete: true,
      // A process that is killed could show no hidden cursor again, nor let lines wrap again.
      hideCursor: false,
      linewrap: true,
      // Ctrl-C belongs to the command.
      gracefulExit: false,
    });
  }

  /** `share` from 0 to 1. */
  update(label: string, share: number, detail: string): void {
    this.label = label;
    this.detail = detail;
    this.share = Math.min(Math.max(share, 0), 1);
    if (this.bar.isActive) this.bar.update(this.share);
    else this.bar.start(1, this.share);
  }

  /** Prints above the bar. */
  log(print: () => void): void {
    const active = this.bar.isActive;
    this.bar.stop();
    print();
    if (active) this.bar.start(1, this.share);
  }

  /** Takes the line away. */
  stop(): void {
    this.bar.stop();
  }

  /**
   * Never wider than the terminal: a line that wraps can't be drawn over. Without colours, because the library cuts
   * lines by counting their escape sequences too.
   */
  private line(share: number): string {
    const percent = `${String(Math.floor(share * 100)).padStart(3)}%`;
    const columns = (this.terminal.columns ?? 80) - 1;
    const cells = Math.min(MAX_CELLS, columns - this.label.length - percent.length - this.detail.length - 4);
    const head = `${this.label} ${percent} ${this.detail}`;
    if (cells < 4) return head.slice(0, columns);
    const full = Math.round(share * cells);
    return `${this.label} ${'━'.repeat(full)}${'─'.repeat(cells - full)} ${percent}  ${this.detail}`;
  }
}

/** Does `work` while a bar shows, in a terminal, how far it is: `show(stage)` takes the shares. */
export async function withProgressBar<T>(
  terminal: Terminal,
  work: (show: (stage: string) => (share: number) => void) => Promise<T>,
): Promise<T> {
  const bar = terminal.interactive ? new ProgressBar(terminal) : undefined;
  try {
    return await work((stage) => (share) => bar?.update(stage, share, ''));
  } finally {
    bar?.stop();
  }
}
