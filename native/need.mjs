// Tools that tests and prebuilds need and the package itself does not.
import { spawnSync } from 'node:child_process';
import process from 'node:process';

/** Whether a command can be run at all. */
export const runs = (command, args = ['--version'], input) =>
  spawnSync(command, args, { input, stdio: ['pipe', 'ignore', 'ignore'] }).status === 0;

/**
 * Installs Debian's `packages` unless `isThere` is already so; as root with apt-get only. Throws an error that says what
 * to install where that does not help.
 */
export function need(isThere, name, packages) {
  if (isThere()) return;
  if (process.getuid?.() === 0 && runs('apt-get')) {
    console.log(`installing ${packages}`);
    const apt = (...args) => spawnSync('apt-get', args, { stdio: 'ignore' });
    apt('update');
    apt('install', '-y', '--no-install-recommends', packages);
  }
  if (!isThere()) throw new Error(`${name} does not run; install it (Debian: apt-get install ${packages})`);
}
