import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const { isCompiled } = await import(new URL('../../scripts/dist-state.mjs', import.meta.url).href);

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * The folder of the program that processes run: dist where that is what src compiles to (`npm test` sees to it), as it
 * starts in half the time; else src. tsx is named by its address: the process may run in a folder without node_modules.
 */
export const PROGRAM = isCompiled()
  ? { folder: 'dist', main: 'cli/main.js', loaders: [] }
  : { folder: 'src', main: 'cli/main.ts', loaders: [import.meta.resolve('tsx')] };

export interface ProcessResult {
  /** 128 + the number of the signal that ended it, as a shell shows it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProcessOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Modules that are loaded before the program. */
  readonly imports?: readonly string[];
  /** A file that standard output goes to; a pipe without it. */
  readonly stdout?: number;
}

export type CliProcess = ChildProcessByStdio<null, Readable, Readable>; // stdout is null where it goes to a file

/** Starts `flashlm <args>` in a separate process. */
export function startCli(
  args: readonly string[],
  { cwd = root, env = {}, imports = [], stdout }: ProcessOptions = {},
): CliProcess {
  const loaded = [...PROGRAM.loaders, ...imports].flatMap((module) => ['--import', module]);
  return spawn(process.execPath, [...loaded, join(root, PROGRAM.folder, PROGRAM.main), ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: undefined, FORCE_COLOR: undefined, ...env },
    stdio: ['ignore', stdout ?? 'pipe', 'pipe'],
  }) as CliProcess;
}

/** What a process wrote, once it has ended. */
export async function finished(child: CliProcess): Promise<ProcessResult> {
  const [stdout, stderr, status] = await Promise.all([
    child.stdout ? text(child.stdout) : '',
    text(child.stderr),
    new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]));
    }),
  ]);
  return { status, stdout, stderr };
}

/** `startCli` and `finished` in one. */
export function runProcess(args: readonly string[], options?: ProcessOptions): Promise<ProcessResult> {
  return finished(startCli(args, options));
}

async function text(stream: Readable): Promise<string> {
  let all = '';
  try {
    for await (const chunk of stream.setEncoding('utf8')) all += chunk;
  } catch (error) {
    // A test that closes its end of the pipe has read all it wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
  return all;
}
