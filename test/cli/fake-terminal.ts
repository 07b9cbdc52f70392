import { Writable } from 'node:stream';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { runCli } from '../../src/cli/program.ts';
import { type OutputStream, Terminal } from '../../src/cli/terminal.ts';

/** A stream that remembers what was written to it. */
export class Capture extends Writable {
  text = '';
  readonly isTTY: boolean;
  readonly columns: number;

  constructor({ isTTY = false, columns = 80 } = {}) {
    super({ decodeStrings: false });
    this.isTTY = isTTY;
    this.columns = columns;
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }
}

interface FakeOptions {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly env?: NodeJS.ProcessEnv;
  /** Always gives the same time by default: output must not depend on how long anything takes. */
  readonly now?: () => number;
}

/** A terminal made of two captures. */
export function fakeTerminal(options: FakeOptions = {}): {
  terminal: Terminal;
  stdout: Capture;
  stderr: Capture;
} {
  const stdout = new Capture(options);
  const stderr = new Capture(options);
  const terminal = new Terminal(
    stdout as OutputStream,
    stderr as OutputStream,
    options.env ?? {},
    options.now ?? (() => 0),
  );
  return { terminal, stdout, stderr };
}

/** Runs a command line in this process, which is much faster than as one of its own. */
export async function runInProcess(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ status: number; stdout: string; stderr: string }> {
  const { terminal, stdout, stderr } = fakeTerminal({ env });
  const status = await runCli(args, COMMANDS, terminal);
  return { status, stdout: stdout.text, stderr: stderr.text };
}
