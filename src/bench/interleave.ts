import { setImmediate } from 'node:timers/promises';

/** One measurement of one thing. */
export type Task<T> = () => T;

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
      results[i]!.push(tasks[i]!());
      onProgress((round * tasks.length + i + 1) / (rounds * tasks.length));
      // Lets signals and the terminal have their turn.
      await setImmediate();
    }
  }
  return results;
}

/**
 * A task that gives the seconds of one call: the mean over as many calls as fill `seconds`. The call before them is not
 * counted: it brings back to the caches what other tasks have driven out.
 */
export function burst(call: () => unknown, seconds: number): Task<number> {
  return () => {
    call();
    const began = performance.now();
    let calls = 0;
    let passed = 0;
    while (passed < seconds) {
      call();
      calls++;
      passed = (performance.now() - began) / 1000;
    }
    return passed / calls;
  };
}
