import type { Command } from 'commander';
import type { Terminal } from './terminal.ts';

/** One command of `flashlm`. */
export interface CliCommand {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Whole command lines, shown at the end of `--help`. */
  readonly examples: readonly string[];
  /** Adds arguments, options and the action. The action throws FlashError, or Exit for another exit status. */
  define(command: Command, terminal: Terminal): void;
}
