import { totalmem } from 'node:os';
import { FlashError } from '../../core/errors.ts';
import { formatBytes } from '../../core/format-bytes.ts';
import {
  type ProcessLimits,
  processLimits,
  type ThreadLimits,
  threadLimits,
} from '../../files/process-limits.ts';

/** Kernels keep tiles on the stack: with less, a thread ends the process without a word. */
const MIN_STACK = 96 << 10;

const UNITS: Readonly<Record<string, number>> = { B: 1, K: 1 << 10, M: 1 << 20, G: 1 << 30 };

/** OpenMP ignores a setting that needs more bits. */
const MAX_SETTING = 2 ** 64;

/** OpenMP's own setting of a thread's stack: `512k`, `2 M`, plain numbers are kilobytes; undefined where it has none. */
function givenStack(env: NodeJS.ProcessEnv): { readonly name: string; readonly bytes: number } | undefined {
  for (const name of ['OMP_STACKSIZE', 'GOMP_STACKSIZE']) {
    const [, digits, unit = 'K'] = /^\s*(\d+)\s*([BKMG])?\s*$/i.exec(env[name] ?? '') ?? [];
    const bytes = digits ? Number(digits) * UNITS[unit.toUpperCase()]! : Number.POSITIVE_INFINITY;
    if (bytes <= MAX_SETTING) return { name, bytes };
  }
  return undefined;
}

/** Before the first engine: later ones use the same threads again, and these must not count against them. */
let threadsAtFirst: ThreadLimits | undefined;

function limitsHere(): ProcessLimits & { readonly threads: ThreadLimits } {
  threadsAtFirst ??= threadLimits();
  return { ...processLimits(), threads: threadsAtFirst };
}

/**
 * OpenMP ends the whole process when a thread can't be made, and a thread whose stack is too small does so later.
 * @throws FlashError for a number of threads that this process can't have.
 */
export function requireThreads(
  count: number,
  env: NodeJS.ProcessEnv = process.env,
  limits: ProcessLimits & { readonly threads: ThreadLimits } = limitsHere(),
  memory: number = totalmem(),
): void {
  if (count === 1) return;
  const given = givenStack(env);
  if (given && given.bytes < MIN_STACK)
    throw stackError(given.name, env, `too little: the kernel threads need ${MIN_STACK >> 10}k`);
  if (given && given.bytes > memory)
    throw stackError(given.name, env, `too much: this machine has ${formatBytes(memory)} of memory`);
  const stack = given?.bytes ?? limits.threadStack;
  const { ofUser, ofGroup } = limits.threads;
  const most = 1 + Math.floor(Math.min(limits.addressSpace / stack, ofUser, ofGroup));
  if (!(count > most)) return;
  const threads = Math.min(ofUser, ofGroup);
  const reason =
    threads >= count - 1
      ? `their stacks take ${formatBytes((count - 1) * stack)}, \`ulimit -v\` leaves ${formatBytes(limits.addressSpace)}`
      : `${ofUser < ofGroup ? '`ulimit -u`' : 'pids.max of its control group'} leaves ${threads}`;
  throw new FlashError(`${count} threads are more than this process may have: ${reason}`, {
    remedy: `Use at most ${most} (--threads, train.threads or FLASHLM_THREADS), or raise the limit.`,
    exitCode: 2,
  });
}

function stackError(name: string, env: NodeJS.ProcessEnv, what: string): FlashError {
  const remedy = `Unset ${name}, or use one thread.`;
  return new FlashError(`${name} is '${env[name]}', ${what}`, { remedy, exitCode: 2 });
}
