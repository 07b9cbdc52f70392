import { setImmediate } from 'node:timers/promises';
import { summarize } from './summary.ts';

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
