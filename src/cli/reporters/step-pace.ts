/** Seconds between lines: 2 at first, then a twentieth of the time so far, a minute at most. */
const INTERVAL = { min: 2, share: 1 / 20, max: 60 };

/** Which steps get a line: the first one, then each `every`-th, or with `auto` fewer as the run gets longer. */
export class StepPace {
  private readonly began: number;
  private lastTime = Number.NEGATIVE_INFINITY;

  /** `now` gives seconds. */
  constructor(
    private readonly every: number | 'auto',
    private readonly now: () => number = () => performance.now() / 1000,
  ) {
    this.began = now();
  }

  /** Asked once for each step. */
  isDue(step: number): boolean {
    const now = this.now();
    const { min, share, max } = INTERVAL;
    const interval = Math.min(Math.max(min, (now - this.began) * share), max);
    const isFirst = this.lastTime === Number.NEGATIVE_INFINITY;
    const due = this.every === 'auto' ? now - this.lastTime >= interval : step % this.every === 0;
    if (!due && !isFirst) return false;
    this.lastTime = now;
    return true;
  }
}
