import type { Backend, Defer } from '../../core/backend.ts';

/** Times kernel calls of a backend, also those that wait. */
export class CallTimer<T> {
  /** For the timed backend, where the inner one lets calls wait. */
  readonly own: Pick<Backend, 'defer'>;
  private isWaiting = false;
  /** Of calls that wait, and what handing them over took. */
  private readonly tags: T[] = [];
  private readonly seconds: number[] = [];

  /** `onTime` is called after each call has run. */
  constructor(
    { defer }: Pick<Backend, 'defer'>,
    private readonly onTime: (tag: T, seconds: number) => void,
  ) {
    this.own = defer ? { defer: this.around(defer) } : {};
  }

  /** Makes a call that is known by `tag`. */
  time(tag: T, call: () => unknown): unknown {
    const began = performance.now();
    const result = call();
    const seconds = (performance.now() - began) / 1000;
    if (this.isWaiting) {
      this.tags.push(tag);
      this.seconds.push(seconds);
    } else {
      this.onTime(tag, seconds);
    }
    return result;
  }

  private around(defer: Defer): Defer {
    return (calls, onTimes) => {
      if (this.isWaiting) return calls();
      this.isWaiting = true;
      this.tags.length = 0;
      this.seconds.length = 0;
      try {
        defer(calls, (times) => {
          this.report(times);
          onTimes?.(times);
        });
      } finally {
        this.isWaiting = false;
      }
    };
  }

  private report(times: Float64Array): void {
    for (let i = 0; i < this.tags.length; i++) this.onTime(this.tags[i]!, this.seconds[i]! + times[i]!);
  }
}
