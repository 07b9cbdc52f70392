import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Starts `test/train/children/<name>` in a process of its own; `limit` is the longest file it may write, in bytes. */
export function startChild(name: string, args: readonly string[], limit?: number): ChildProcess {
  const script = fileURLToPath(new URL(name, import.meta.url));
  const command = [process.execPath, '--import', 'tsx', script, ...args];
  const shell = ['sh', '-c', `ulimit -f ${(limit ?? 0) / 512} && exec "$@"`, 'sh', ...command];
  const [program, ...rest] = limit === undefined ? command : shell;
  return spawn(program!, rest, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Everything the child printed, when it has ended. */
export async function outputOf(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout!.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  await once(child, 'close');
  return text;
}
