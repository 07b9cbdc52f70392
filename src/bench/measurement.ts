import { setImmediate } from 'node:timers/promises';

/** What repeated measurements amount to. */
export interface Summary {
  readonly median: number;
  /** The quartiles: half of the measurements lie between them. */
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/** @throws RangeError when there is nothing to sum up. */
export function summarize(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError('no measurements');
  const sorted = [...values].sort((a, b) => a - b);
  // Between two measurements a quantile is interpolated.
  const quantile = (q: number): number => {
    const at = q * (sorted.length - 1);
    const below = Math.floor(at);
    const above = Math.min(below + 1, sorted.length - 1);
    return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!);
  };
  return { median: quantile(0.5), low: quantile(0.25), high: quantile(0.75), count: values.length };
}

/** Half the distance of the quartiles as a share of the median. */
export function spread({ median, low, high }: Summary): number {
  return (high - low) / 2 / median;
}

/** One measurement of one thing. */
export type Task<T> = () => T | Promise<T>;

/**
 * Takes `rounds` measurements of each task in turn, so that whatever slows the machine for a while slows all of them
 * alike and their ratios stay right. Returns the measurements of each task.
 */
export async function interleave<T>(
  tasks: readonly Task<T>[],
  rounds: number,
  onProgress: (share: number) => void = () => {},
): Promise<T[][]> {
  const results: T[][] = tasks.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < tasks.length; i++) {
      results[i]!.push(await tasks[i]!());
      onProgress((round * tasks.length + i + 1) / (rounds * tasks.length));
      // Lets signals and the terminal have their turn.
      await setImmediate();
    }
  }
  return results;
}

/** Calls are timed in groups of at least this many seconds, so that reading the clock does not count. */
const GROUP = 20e-6;

/**
 * A task that gives the seconds of one call: the median over calls for `seconds`, because a call during which another
 * process had the CPU says nothing about the kernel. The first call is not counted: it brings back to the caches what
 * other tasks have driven out.
 */
export function burst(call: () => unknown, seconds: number): () => number {
  let group = 1;
  return () => {
    call();
    const times: number[] = [];
    for (let passed = 0; passed < seconds || times.length === 0; ) {
      const began = performance.now();
      for (let i = 0; i < group; i++) call();
      const time = (performance.now() - began) / 1000;
      passed += time;
      if (time < GROUP) group *= 2;
      else times.push(time / group);
    }
    return summarize(times).median;
  };
}

/** How long to measure. */
export interface Effort {
  /** Measurements of each op and each limit, and the seconds that one of them takes. */
  readonly rounds: number;
  readonly seconds: number;
  /** The same for whole steps: a turn takes at least one step. */
  readonly stepRounds: number;
  readonly stepSeconds: number;
}

export const FULL: Effort = { rounds: 15, seconds: 0.005, stepRounds: 5, stepSeconds: 0.3 };
export const QUICK: Effort = { rounds: 5, seconds: 0.002, stepRounds: 2, stepSeconds: 0.1 };
