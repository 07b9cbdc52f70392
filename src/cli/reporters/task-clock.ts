import { formatDuration } from '../format.ts';

/** Less than this says too little about the rest. */
const MIN_SECONDS = 1;

/** How long one task has run and will run, told from the share of it that is done. */
export class TaskClock {
  private name = '';
  private began = 0;
  private firstShare = 0;
  private newest = 0;

  /** `now` gives seconds. */
  constructor(private readonly now: () => number = () => performance.now() / 1000) {}

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
