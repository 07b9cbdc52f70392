import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const TEAM_SOURCE = fileURLToPath(new URL('../../native/src/thread_team.cpp', import.meta.url));
const CHECKS = fileURLToPath(new URL('./children/thread-team.cpp', import.meta.url));

/** Builds the program that checks a team of threads in `folder`, and returns its path. */
export function buildThreadTeam(folder: string, source = TEAM_SOURCE, flags: readonly string[] = []): string {
  const program = path.join(folder, 'thread-team');
  const [cxx, ...words] = (process.env.CXX || 'c++').split(' ');
  const own = ['-std=c++17', '-pthread', '-I', path.dirname(TEAM_SOURCE), '-Wl,--wrap=pthread_create'];
  execFileSync(cxx!, [...words, ...own, ...flags, CHECKS, source, '-o', program]);
  return program;
}
