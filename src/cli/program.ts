import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { commandLine, PROGRAM } from '../core/command-line.ts';
import type { CliCommand } from './command.ts';
import { keepRecording } from './disagreement.ts';
import { reportError } from './errors.ts';
import { printable } from './format.ts';
import type { Terminal } from './terminal.ts';

/** Runs one command line (without `node` and the script) and returns its exit status: 0, 1 failed, 2 wrong usage. */
export async function runCli(
  args: readonly string[],
  commands: readonly CliCommand[],
  terminal: Terminal,
): Promise<number> {
  const program = createProgram(commands, terminal);
  try {
    await program.parseAsync(args.length ? args : ['--help'], { from: 'user' });
    return 0;
  } catch (error) {
    return reportError(await keepRecording(error), terminal, args.includes('--debug'));
  }
}

function createProgram(commands: readonly CliCommand[], terminal: Terminal): Command {
  const program = new Command(PROGRAM)
    .description('Train and run language models with ternary weights on ordinary CPUs.')
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('--help', 'print this help')
    .helpCommand(false)
    .option('--debug', 'show the stack of errors')
    .exitOverride()
    .showHelpAfterError('Run it with --help for what it takes.')
    .configureHelp({ showGlobalOptions: true, styleTitle: terminal.styles.bold })
    .configureOutput({
      writeOut: (text) => terminal.write(text),
      writeErr: (text) => terminal.note(text.trimEnd()),
      outputError: (text, write) =>
        write(printable(text).replace(/^error:/, terminal.noteStyles.red('error:'))),
      getOutHelpWidth: () => terminal.columns ?? 100,
      getErrHelpWidth: () => terminal.columns ?? 100,
      getOutHasColors: () => terminal.styles.enabled,
      getErrHasColors: () => terminal.noteStyles.enabled,
    });
  program.addHelpText('after', '\nExit status: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C.');
  addExamples(program, [commandLine`train v61 --budget 45s`], terminal);
  for (const command of commands) {
    // Made through the program, so that it inherits the settings above.
    const sub = program.command(command.name).description(command.summary);
    command.define(sub, terminal);
    addExamples(sub, command.examples, terminal);
  }
  return program;
}

function addExamples(command: Command, examples: readonly string[], terminal: Terminal): void {
  const title = terminal.styles.bold(examples.length === 1 ? 'Example:' : 'Examples:');
  command.addHelpText('after', `\n${[title, ...examples.map((line) => `  ${line}`)].join('\n')}`);
}

function packageVersion(): string {
  // From src/cli and from dist/cli alike.
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
