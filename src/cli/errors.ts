import { inspect } from 'node:util';
import { CommanderError } from 'commander';
import { FlashError } from '../core/errors.ts';
import { errorCode } from '../files/files.ts';
import { RecipeError } from '../recipes/errors.ts';
import { printable } from './format.ts';
import type { Terminal } from './terminal.ts';

/** A command has said all there is to say and ends with this exit status. */
export class Exit extends Error {
  constructor(readonly status: number) {
    super(`exit status ${status}`);
    this.name = 'Exit';
  }
}

/**
 * Tells the person what went wrong, in one to three lines on standard error (the stack too with `debug`), and returns
 * the exit status: 2 for wrong usage, 1 for every other failure, 0 for `--help` and `--version`.
 */
export function reportError(thrown: unknown, terminal: Terminal, debug: boolean): number {
  const error = stateOfMachine(thrown);
  if (error instanceof Exit) return error.status;
  // commander has written its message itself, and gives 1 to what is wrong usage here.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const prefix = terminal.noteStyles.red('error:');
  if (error instanceof RecipeError) {
    // Errors quote what a stranger's file holds.
    for (const line of printable(error.message).split('\n')) terminal.note(`${prefix} ${line}`);
  } else if (error instanceof FlashError) {
    terminal.note(`${prefix} ${printable(error.lines().join('\n'))}`);
  } else {
    const message = error instanceof Error ? error.message : String(error);
    const hint = debug ? '' : '; run again with --debug for the stack';
    terminal.note(`${prefix} unexpected: ${printable(message.split('\n')[0]!)}${hint}`);
  }
  if (debug) terminal.note(inspect(error));
  if (error instanceof RecipeError) return isOnCommandLine(error) ? 2 : 1;
  return error instanceof FlashError ? error.exitCode : 1;
}

/** What the engine and Node throw because of the machine's state is not a bug of ours. */
function stateOfMachine(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if ((error as NodeJS.ErrnoException).syscall === 'uv_cwd') {
    const remedy = 'Change to another one (cd), then run the same command again.';
    return new FlashError('The working folder does not exist any more', { remedy, cause: error });
  }
  if (
    /^Array buffer allocation failed/.test(error.message) ||
    errorCode(error) === 'ERR_MEMORY_ALLOCATION_FAILED'
  ) {
    const remedy = 'Give the process more memory (`ulimit -v`, the container), or make the model smaller.';
    return new FlashError(`Out of memory: ${error.message}`, { remedy, cause: error });
  }
  return error;
}

/** A wrong `--set`, `--backend` or name of a recipe is wrong usage, a mistake in a file is not. */
function isOnCommandLine({ issues }: RecipeError): boolean {
  return issues.every(({ place }) => place.line === 0);
}
