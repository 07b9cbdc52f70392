import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { commandLine, PROGRAM } from '../core/command-line.ts';
import type { CommandEntry } from './command.ts';
import { reportError } from './errors.ts';
import { printable } from './format.ts';
import type { Terminal } from './terminal.ts';

/** Runs one command line (without `node` and the script) and returns its exit status: 0, 1 failed, 2 wrong usage. */
export async function runCli(
  args: readonly string[],
  commands: readonly CommandEntry[],
  terminal: Terminal,
): Promise<number> {
  const program = createProgram(commands, terminal);
  try {
    await program.parseAsync(args.length ? args : ['--help'], { from: 'user' });
    return 0;
  } catch (error) {
    return reportError(await completed(error), terminal, args.includes('--debug'));
  }
}

function createProgram(commands: readonly CommandEntry[], terminal: Terminal): Command {
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
  // Made through the program, so that they inherit the settings above.
  for (const { name, summary } of commands) program.command(name).description(summary);
  program.hook('preSubcommand', async (_, sub) => {
    const { define, examples } = await commands.find(({ name }) => name === sub.name())!.load();
    define(sub, terminal);
    addExamples(sub, examples, terminal);
  });
  return program;
}

/** The error with what a person needs to look into it. Wrong usage needs nothing, and loads nothing. */
async function completed(error: unknown): Promise<unknown> {
  if (error instanceof CommanderError) return error;
  const { keepRecording } = await import('./disagreement.ts');
  return keepRecording(error);
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
