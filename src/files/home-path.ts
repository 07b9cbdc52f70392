import { homedir } from 'node:os';
import { join, sep } from 'node:path';

/**
 * A path that begins with `~` or `~/` begins in the home folder. A shell does that only where `~` begins an unquoted
 * word: not in quotes, not after `=`, and it never sees files and variables. A folder called `~` is `./~`.
 */
export function fromHome(path: string): string {
  const begins = path === '~' || path.startsWith('~/') || path.startsWith(`~${sep}`);
  return begins ? join(homedir(), path.slice(1)) : path;
}
