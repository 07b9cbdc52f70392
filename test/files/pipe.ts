import { execFileSync, spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';

const PATIENCE_MS = 20_000;

/**
 * Makes a named pipe that nobody writes to. A process of its own opens it after a while, so that code which waits for
 * a writer fails its test instead of holding it up for ever: no timer of the waiting thread itself could fire.
 */
export function makePipe(path: string): string {
  execFileSync('mkfifo', [path]);
  const release = `setTimeout(() => require('node:fs').openSync(process.argv[1], 'r+'), ${PATIENCE_MS})`;
  const child = spawn(process.execPath, ['-e', release, path], { stdio: 'ignore' });
  onTestFinished(() => void child.kill());
  return path;
}
