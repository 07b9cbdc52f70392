import { type Command, Option } from 'commander';
import { FlashError } from '../../core/errors.ts';
import { loadRecipe } from '../../recipes/load.ts';
import { runLimits } from '../../recipes/run-limits.ts';
import { resumeRun, type Session, startRun } from '../../recipes/session.ts';
import { RunDirectory } from '../../train/run-directory.ts';
import type { CliCommand } from '../command.ts';
import { Exit } from '../errors.ts';
import { Interruption } from '../interruption.ts';
import { addSetOption, amount, duration, positive, wholeNumber } from '../options.ts';
import { JsonReporter } from '../reporters/json-reporter.ts';
import { LineReporter } from '../reporters/line-reporter.ts';
import { ProgressMeter } from '../reporters/progress-meter.ts';
import { ProgressReporter } from '../reporters/progress-reporter.ts';
import { QuietReporter } from '../reporters/quiet-reporter.ts';
import type { Reporter } from '../reporters/reporter.ts';
import { introduce } from '../reporters/run-introduction.ts';
import { RunSummary } from '../reporters/run-summary.ts';
import { TaskProgress } from '../reporters/task-progress.ts';
import type { Terminal } from '../terminal.ts';
import { settings, type TrainSettings } from '../train-settings.ts';

interface TrainOptions extends TrainSettings {
  readonly out: string;
  readonly resume?: string | true;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export const train: CliCommand = {
  name: 'train',
  summary: 'train a model as a recipe says, or go on with a run',
  examples: [
    'flashlm train v61 --budget 45s',
    'flashlm train v61 --data stories.txt --valid more.txt --steps 400 --set optimizer.lr=0.02',
    'flashlm train --resume',
  ],
  define(command, terminal) {
    command.argument('[recipe]', 'a YAML file, or the name of a recipe that comes with FlashLM');
    addLimitOptions(command)
      .option('--data <file...>', 'train on these text files (or: sample, tinystories)')
      .option('--valid <file...>', 'measure the validation loss on these')
      .option('--out <dir>', 'folder that the run gets its own folder in', 'runs')
      .option('--threads <n>', 'threads of the kernels (default: one per CPU)', wholeNumber(1, '2'))
      .option('--backend <name>', 'native, native:avx2, reference, checked(native)...');
    addSetOption(command)
      .addOption(new Option('--resume [run]', 'go on with a run (default: the latest in --out)'))
      .addOption(new Option('--json', 'print each event as one JSON object a line').conflicts('quiet'))
      .option('--quiet', 'print nothing but the summary')
      .addHelpText(
        'after',
        '\nAny of --steps, --epochs, --tokens and --budget replaces all limits of the recipe; the first one reached' +
          '\nends the run. Ctrl-C ends it after the step and a checkpoint, with exit status 130.',
      )
      .action((recipe: string | undefined, options: TrainOptions) => run(recipe, options, command, terminal));
  },
};

function addLimitOptions(command: Command): Command {
  return command
    .option('--steps <n>', 'stop after this many steps', wholeNumber(1, '400'))
    .option('--epochs <n>', 'stop after this many passes over the data', positive)
    .option('--tokens <n>', 'stop after this many tokens: 500k, 5M', amount)
    .option('--budget <time>', 'stop after this much training time: 45s, 90m, 2h', duration);
}

async function run(
  recipeName: string | undefined,
  options: TrainOptions,
  command: Command,
  terminal: Terminal,
): Promise<void> {
  checkUsage(recipeName, options, command);
  const preparation = new TaskProgress(terminal);
  let reporter: Reporter | undefined;
  const interruption = new Interruption(terminal, () => {
    const say = reporter ? (line: string) => reporter!.say(line) : preparation.note;
    say('Stopping after this step; Ctrl-C again stops at once.');
  });
  let session: Session | undefined;
  try {
    const summary = new RunSummary();
    session = await openSession(recipeName, options, {
      report: (event) => {
        summary.add(event);
        reporter!.onEvent(event);
      },
      onNotice: preparation.note,
      onPrepare: preparation.onPrepare,
      signal: interruption.signal,
    });
    preparation.end();
    const { trainer } = session.run;
    const meter = new ProgressMeter(runLimits(session.recipe), session.data.train.tokens.tokens, trainer.progress);
    summary.meter = meter;
    reporter = chooseReporter(options, terminal, meter, session.recipe.log.every);
    for (const line of introduce(session)) reporter.say(line);
    const done = await session.run.run(interruption.signal);
    reporter.close();
    if (done.ending === 'interrupted') {
      terminal.note(summary.describeInterruption(done));
      throw new Exit(interruption.exitStatus);
    }
    if (!options.json) for (const line of summary.describe(session, recipeName, terminal)) terminal.print(line);
  } catch (error) {
    reporter?.close();
    preparation.end();
    if (!session && interruption.signal.aborted) {
      terminal.note('Stopped before the training began.');
      throw new Exit(interruption.exitStatus);
    }
    if (session && error instanceof FlashError) {
      terminal.note(`The run is safe up to its last checkpoint: ${session.directory.path}`);
    }
    throw error;
  } finally {
    await session?.close();
    interruption.close();
  }
}
