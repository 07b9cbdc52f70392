import { readdirSync } from 'node:fs';
import { controlGroups } from './control-groups.ts';
import { type ReadText, readText } from './read-text.ts';

/** What the system lets this process have, in bytes and threads; Infinity where nothing limits it or nothing is known. */
export interface ProcessLimits {
  /** Address space that may still be taken (`ulimit -v`). */
  readonly addressSpace: number;
}

/** Threads that may still be started; Infinity where nothing limits them. */
export interface ThreadLimits {
  /** What this user's other threads leave of `ulimit -u`, which is for all processes of the user together. */
  readonly ofUser: number;
  /** What the tasks in this process's control groups leave of `pids.max`. */
  readonly ofGroup: number;
}

/** Where limits of threads are read. */
export interface System {
  readonly read: ReadText;
  /** The ids of all processes that can be seen. */
  readonly processes: () => readonly string[];
  /** Undefined where users have no number (Windows). */
  readonly user: number | undefined;
}

const THIS_SYSTEM: System = {
  read: readText,
  processes: () => readdirSync('/proc').filter((name) => /^\d+$/.test(name)),
  user: process.getuid?.(),
};

/** Linux says them in proc(5); elsewhere nothing limits. */
export function processLimits(read: ReadText = readText): ProcessLimits {
  const taken = numberIn(read('/proc/self/status'), 'VmSize');
  return { addressSpace: Math.max(0, softLimit(read, 'Max address space') - 1024 * taken) };
}

/** As they are now: every process of the machine is looked at. */
export function threadLimits(system: System = THIS_SYSTEM): ThreadLimits {
  return { ofUser: leftOfUser(system), ofGroup: leftOfGroups(system.read) };
}

function softLimit(read: ReadText, name: string): number {
  const table = read('/proc/self/limits') ?? '';
  const [, value = 'unlimited'] = new RegExp(`^${name} +(\\d+|unlimited)`, 'm').exec(table) ?? [];
  return value === 'unlimited' ? Number.POSITIVE_INFINITY : Number(value);
}

/** Of `VmSize:  1000 kB` in a file like /proc/self/status, else 0. */
function numberIn(status: string | undefined, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status ?? '')?.[1] ?? 0);
}

/** RLIMIT_NPROC in setrlimit(2). */
function leftOfUser({ read, processes, user }: System): number {
  const limit = softLimit(read, 'Max processes');
  // The superuser may have more than the limit says.
  if (user === 0 || !Number.isFinite(limit)) return Number.POSITIVE_INFINITY;
  let taken = 0;
  for (const id of processes()) {
    const status = read(`/proc/${id}/status`);
    if (status && numberIn(status, 'Uid') === user) taken += numberIn(status, 'Threads');
  }
  return Math.max(0, limit - taken);
}

/** What is left of the tasks that control groups allow (`pids.max`), of which this process has some already. */
function leftOfGroups(read: ReadText): number {
  const left = controlGroups('pids', read).map(({ folder }) => {
    // `max` is not a limit, and neither is a file that is not there.
    const most = Number(read(`${folder}/pids.max`)?.trim() || Number.NaN);
    return Number.isNaN(most) ? Number.POSITIVE_INFINITY : most - Number(read(`${folder}/pids.current`) ?? 0);
  });
  return Math.max(0, Math.min(Number.POSITIVE_INFINITY, ...left));
}
