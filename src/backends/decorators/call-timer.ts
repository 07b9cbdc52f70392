import type { Backend, Together } from '../../core/backend.ts';

interface Waiting<T> {
  readonly tag: T;
  /** What handing the call over took. */
  readonly seconds: number;
}

/** Times kernel calls of a backend, also those that wait. */
export class CallTimer<T> {
  /** For the timed backend, where the inner one lets calls wait. */
  readonly own: Pick<Backend, 'together'>;
  private waiting: Waiting<T>[] | null = null;

  /** `onTime` is told of each call once it has run. */
  constructor(
    { together }: Pick<Backend, 'together'>,
    private readonly onTime: (tag: T, seconds: number) => void,
  ) {
    this.own = together ? { together: this.around(together) } : {};
  }

  /** Makes a call that is known by `tag`. */
  time(tag: T, call: () => unknown): unknown {
    const began = performance.now();
    const result = call();
    const seconds = (performance.now() - began) / 1000;
    if (this.waiting) this.waiting.push({ tag, seconds });
    else this.onTime(tag, seconds);
    return result;
  }

  private around(together: Together): Together {
    return (calls, onTimes) => {
      if (this.waiting) return calls();
      const waiting: Waiting<T>[] = [];
      this.waiting = waiting;
      try {
        together(calls, (times) => {
          waiting.forEach(({ tag, seconds }, i) => {
            this.onTime(tag, seconds + times[i]!);
          });
          onTimes?.(times);
        });
      } finally {
        this.waiting = null;
      }
    };
  }
}
