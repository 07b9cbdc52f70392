import { type ReadText, readText } from './read-text.ts';

/** What the system lets this process have, in bytes and threads; Infinity where nothing limits it or nothing is known. */
export interface ProcessLimits {
  /** Address space that may still be taken (`ulimit -v`). */
  readonly addressSpace: number;
  /** Stack of a new thread (`ulimit -s`). */
  readonly threadStack: number;
  /** Threads of all processes of this user (`ulimit -u`). */
  readonly threads: number;
}

/** glibc gives a thread this much where the stack has no limit. */
const DEFAULT_STACK = 2 << 20;

/** Linux says them in proc(5); elsewhere nothing limits. */
export function processLimits(read: ReadText = readText, user = process.getuid?.()): ProcessLimits {
  const table = read('/proc/self/limits') ?? '';
  const soft = (name: string): number => {
    const [, value = 'unlimited'] = new RegExp(`^${name} +(\\d+|unlimited)`, 'm').exec(table) ?? [];
    return value === 'unlimited' ? Number.POSITIVE_INFINITY : Number(value);
  };
  const [, taken = 0] = /^VmSize:\s+(\d+) kB/m.exec(read('/proc/self/status') ?? '') ?? [];
  const stack = soft('Max stack size');
  return {
    addressSpace: Math.max(0, soft('Max address space') - 1024 * Number(taken)),
    threadStack: Number.isFinite(stack) ? stack : DEFAULT_STACK,
    // The superuser may have more than the limit says.
    threads: user === 0 ? Number.POSITIVE_INFINITY : soft('Max processes'),
  };
}
