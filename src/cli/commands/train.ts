import { Option } from 'commander';
import { FlashError } from '../../core/errors.ts';
import { loadRecipe } from '../../recipes/load.ts';
import { shown } from '../../recipes/read-file.ts';
import { resumeRun, type Session, type SessionOptions, startRun } from '../../recipes/session.ts';
import type { DoneEvent, TrainEvent } from '../../train/events.ts';
import { RunDirectory } from '../../train/run-directory.ts';
import type { CliCommand } from '../command.ts';
import { Exit } from '../errors.ts';
import { formatCount } from '../format.ts';
import { Interruption } from '../interruption.ts';
import { addBackendOptions, addSetOption, amount, duration, positive, wholeNumber } from '../options.ts';
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
import { limitsOf, settings, type TrainSettings } from '../train-settings.ts';

interface TrainOptions extends TrainSettings {
  readonly out: string;
  /** True for the latest run. */
  readonly resume?: string | true;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** What a run that goes on takes from its own recipe. */
const FIXED_BY_THE_RUN = ['data', 'valid', 'set', 'backend'] as const;

export const train: CliCommand = {
  name: 'train',
  summary: 'train a model as a recipe says, or go on with a run',
  examples: [
    'flashlm train v61 --budget 45s',
    'flashlm train v61 --data stories.txt --valid more.txt --steps 400 --set optimizer.lr=0.02',
    'flashlm train --resume',
  ],
  define(command, terminal) {
    command
      .argument('[recipe]', 'a YAML file, or the name of a recipe that comes with FlashLM')
      .option('--data <file...>', 'train on these text files (or: sample, tinystories)')
      .option('--valid <file...>', 'measure the validation loss on these')
      .option('--steps <n>', 'stop after this many steps', wholeNumber(1, '400'))
      .option('--epochs <n>', 'stop after this many passes over the data', positive())
      .option('--tokens <n>', 'stop after this many tokens: 500k, 5M', amount)
      .option('--budget <time>', 'stop after this much training time: 45s, 90m, 2h', duration)
      .option('--out <dir>', 'folder in which the run gets its own folder', 'runs');
    addSetOption(addBackendOptions(command, "the recipe's"))
      .option('--resume [run]', 'go on with a run (default: the latest one in --out)')
      .addOption(new Option('--json', 'print each event as one JSON object a line').conflicts('quiet'))
      .option('--quiet', 'print nothing but the summary')
      .addHelpText(
        'after',
        '\nAny of --steps, --epochs, --tokens and --budget replaces all limits of the recipe; the first one that is' +
          '\nreached ends the run. Ctrl-C finishes the step, writes a checkpoint and ends with status 130.',
      )
      .action((recipe: string | undefined, options: TrainOptions) => run(recipe, options, terminal));
  },
};

async function run(recipeName: string | undefined, options: TrainOptions, terminal: Terminal): Promise<void> {
  const preparation = new TaskProgress(terminal);
  let say = preparation.note;
  const interruption = new Interruption(terminal, () => say('Stopping; once more stops at once.'));
  let onEvent: (event: TrainEvent) => void = () => {};
  let ended = false;
  let saved = -1;
  let session: Session | undefined;
  let reporter: Reporter | undefined;
  try {
    session = await openSession(recipeName, options, {
      report: (event) => onEvent(event),
      hooks: [{ onEnd: () => void (ended = true) }],
      onNotice: preparation.note,
      onPrepare: preparation.onPrepare,
      signal: interruption.signal,
    });
    preparation.end();
    const { recipe, data, directory, startStep } = session;
    if (startStep > 0) saved = startStep;
    const meter = new ProgressMeter(limitsOf(recipe.train), data.train.tokens.tokens, session.run.trainer.progress);
    const summary = new RunSummary(meter);
    const chosen = chooseReporter(options, terminal, meter, recipe.log.every);
    reporter = chosen;
    say = (line) => chosen.say(line);
    onEvent = (event) => {
      if (event.event === 'step') meter.add(event);
      if (event.event === 'checkpoint') saved = event.step;
      summary.add(event);
      // What comes after the last step is told by the summary.
      if (!ended || options.json) chosen.onEvent(event);
    };
    if (!options.quiet) introduce(session).forEach(say);
    const done = await session.run.run(interruption.signal);
    chosen.close();
    if (done.ending === 'interrupted') stopped(done, interruption, terminal);
    if (options.json) return;
    const next = nextCommand(recipeName, recipe.data.source === 'sample', directory.path);
    for (const line of summary.describe(done, session, next, terminal)) terminal.print(line);
  } catch (error) {
    reporter?.close();
    if (interruption.signal.aborted && !session) {
      preparation.end();
      terminal.note('Stopped before the training began.');
      throw new Exit(interruption.exitStatus);
    }
    if (session && saved >= 0) {
      const again = `npx flashlm train --resume ${shown(session.directory.path)}`;
      terminal.note(`The run is saved up to step ${formatCount(saved)}; go on with: ${again}`);
    }
    throw error;
  } finally {
    preparation.end();
    await session?.close();
    interruption.close();
  }
}

async function openSession(name: string | undefined, options: TrainOptions, hooks: SessionOptions): Promise<Session> {
  if (options.resume === undefined) {
    if (name === undefined) {
      throw wrongUsage('No recipe was given', 'Name one before the options, such as: flashlm train v61 --data FILE');
    }
    return startRun(await loadRecipe(name, { set: settings(options) }), options.out, hooks);
  }
  const fixed = FIXED_BY_THE_RUN.find((flag) => options[flag] !== undefined);
  if (name !== undefined || fixed) {
    const what = name === undefined ? `--${fixed}` : `The recipe '${name}'`;
    throw wrongUsage(`${what} can't be given with --resume`, 'A run goes on with its own recipe and data.');
  }
  const directory = options.resume === true ? await RunDirectory.findLatest(options.out) : options.resume;
  if (directory === undefined) {
    throw new FlashError('There is no run to go on with', {
      where: options.out,
      remedy: 'Name its directory, or the folder it is in with --out.',
    });
  }
  return resumeRun(directory, hooks, settings(options));
}

function wrongUsage(what: string, remedy: string): FlashError {
  return new FlashError(what, { remedy, exitCode: 2 });
}

function chooseReporter(options: TrainOptions, terminal: Terminal, meter: ProgressMeter, every: number): Reporter {
  if (options.json) return new JsonReporter(terminal);
  if (options.quiet) return new QuietReporter(terminal);
  if (terminal.interactive) return new ProgressReporter(terminal, meter);
  return new LineReporter((line) => terminal.print(line), meter, every);
}

function stopped({ step, runDir }: DoneEvent, { exitStatus }: Interruption, terminal: Terminal): never {
  terminal.note(`Stopped after step ${step}; everything is saved.`);
  terminal.note(`Go on with: npx flashlm train --resume ${shown(runDir)}`);
  throw new Exit(exitStatus);
}

function nextCommand(recipeName: string | undefined, onSample: boolean, runDir: string): string {
  if (!onSample) return `npx flashlm generate ${shown(runDir)} --prompt "Once upon a time"`;
  const full = `npx flashlm train ${recipeName ?? 'v61'} --data tinystories --budget 2h`;
  return `npx flashlm data tinystories && ${full}`;
}
