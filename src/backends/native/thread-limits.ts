import { FlashError } from '../../core/errors.ts';
import { formatBytes } from '../../core/format-bytes.ts';
import {
  type ProcessLimits,
  processLimits,
  type ThreadLimits,
  threadLimits,
} from '../../files/process-limits.ts';

/** Address space of a thread's stack: `kStackBytes` in native/src/thread_team.cpp. */
const STACK = 1 << 20;

/** Before the first engine: later ones use the same threads again, and these must not count against them. */
let threadsAtFirst: ThreadLimits | undefined;

function limitsHere(): ProcessLimits & { readonly threads: ThreadLimits } {
  threadsAtFirst ??= threadLimits();
  return { ...processLimits(), threads: threadsAtFirst };
}

/**
 * Where a thread can't be made, others do its work without a word: what can't be as fast as is asked is refused.
 * @throws FlashError for a number of threads that this process can't have.
 */
export function requireThreads(
  count: number,
  limits: ProcessLimits & { readonly threads: ThreadLimits } = limitsHere(),
): void {
  if (count === 1) return;
  const { ofUser, ofGroup } = limits.threads;
  const most = 1 + Math.floor(Math.min(limits.addressSpace / STACK, ofUser, ofGroup));
  if (!(count > most)) return;
  const threads = Math.min(ofUser, ofGroup);
  const reason =
    threads >= count - 1
      ? `their stacks take ${formatBytes((count - 1) * STACK)}, \`ulimit -v\` leaves ${formatBytes(limits.addressSpace)}`
      : `${ofUser < ofGroup ? '`ulimit -u`' : 'pids.max of its control group'} leaves ${threads}`;
  throw new FlashError(`${count} threads are more than this process may have: ${reason}`, {
    remedy: `Use at most ${most} (--threads, train.threads or FLASHLM_THREADS), or raise the limit.`,
    exitCode: 2,
  });
}
