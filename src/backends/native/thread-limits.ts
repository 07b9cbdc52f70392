import { FlashError } from '../../core/errors.ts';
import { formatBytes } from '../../core/format-bytes.ts';
import { type ProcessLimits, processLimits } from '../../files/process-limits.ts';

/** Kernels keep tiles on the stack: with less, a thread ends the process without a word. */
const MIN_STACK = 96 << 10;

const UNITS: Readonly<Record<string, number>> = { B: 1, K: 1 << 10, M: 1 << 20, G: 1 << 30 };

/** OpenMP's own setting of a thread's stack: `512k`, `2 M`, plain numbers are kilobytes; undefined where it has none. */
function givenStack(env: NodeJS.ProcessEnv): { readonly name: string; readonly bytes: number } | undefined {
  for (const name of ['OMP_STACKSIZE', 'GOMP_STACKSIZE']) {
    const [, digits, unit = 'K'] = /^\s*(\d+)\s*([BKMG])?\s*$/i.exec(env[name] ?? '') ?? [];
    if (digits) return { name, bytes: Number(digits) * UNITS[unit.toUpperCase()]! };
  }
  return undefined;
}

/**
 * OpenMP ends the whole process when a thread can't be made, and a thread whose stack is too small does so later.
 * @throws FlashError for a number of threads that this process can't have.
 */
export function requireThreads(
  count: number,
  env: NodeJS.ProcessEnv = process.env,
  limits: ProcessLimits = processLimits(),
): void {
  const given = givenStack(env);
  if (count > 1 && given && given.bytes < MIN_STACK) {
    throw new FlashError(
      `${given.name} is '${env[given.name]}', too little: the threads of the kernels need ${MIN_STACK >> 10}k`,
      { remedy: `Unset ${given.name}, or use one thread.`, exitCode: 2 },
    );
  }
  const stack = given?.bytes ?? limits.threadStack;
  const most = 1 + Math.floor(Math.min(limits.addressSpace / stack, limits.threads));
  if (!(count > most)) return;
  const reason =
    limits.threads < count - 1
      ? `\`ulimit -u\` allows ${limits.threads}`
      : `their stacks take ${formatBytes((count - 1) * stack)}, \`ulimit -v\` leaves ${formatBytes(limits.addressSpace)}`;
  throw new FlashError(`${count} threads are more than this process may have: ${reason}`, {
    remedy: `Use at most ${most} (--threads, train.threads or FLASHLM_THREADS), or raise the limit.`,
    exitCode: 2,
  });
}
