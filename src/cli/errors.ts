import { inspect } from 'node:util';
import { CommanderError } from 'commander';
import { FlashError } from '../core/errors.ts';
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
export function reportError(error: unknown, terminal: Terminal, debug: boolean): number {
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

/** A wrong `--set`, `--backend` or name of a recipe is wrong usage, a mistake in a file is not. */
function isOnCommandLine({ issues }: RecipeError): boolean {
  return issues.every(({ place }) => place.line === 0);
}
