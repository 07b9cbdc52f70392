import type { Command } from 'commander';
import type { Terminal } from './terminal.ts';

/** One command of the program as the list of commands shows it. */
export interface CommandEntry {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Called when the command is used: no other command pays for the modules it needs. */
  load(): Promise<CliCommand>;
}

/** What a command takes and does. */
export interface CliCommand {
  /** Whole command lines, shown at the end of `--help`. */
  readonly examples: readonly string[];
  /** Adds arguments, options and the action. The action throws FlashError, or Exit for another exit status. */
  define(command: Command, terminal: Terminal): void;
}
