import { Option } from 'commander';
import { resumeRun, type Session, type SessionOptions, startRun } from '../../app/session.ts';
import { DisagreementError } from '../../backends/diff/diff.ts';
import { commandLine, shellWords } from '../../core/command-line.ts';
import { FlashError } from '../../core/errors.ts';
import { loadRecipe } from '../../recipes/load.ts';
import { shown } from '../../recipes/read-file.ts';
import type { MoreTraining } from '../../train/limits.ts';
import type { CliCommand } from '../command.ts';
import { Exit } from '../errors.ts';
import { Interruption } from '../interruption.ts';
import { namedRun, RUNS } from '../named-run.ts';
import {
  addBackendOptions,
  addFormatOptions,
  addSetOption,
  amount,
  duration,
  fraction,
  moreTraining,
  path,
  paths,
  positive,
  wholeNumber,
} from '../options.ts';
import { RunView } from '../reporters/run-view.ts';
import { TaskProgress } from '../reporters/task-progress.ts';
import type { Terminal } from '../terminal.ts';
import { settings, type TrainSettings } from '../train-settings.ts';

interface TrainOptions extends TrainSettings {
  readonly out?: string;
  /** True for the latest run. */
  readonly resume?: string | true;
  readonly more?: MoreTraining;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** What a resumed run takes from its own recipe. */
const FIXED_BY_THE_RUN = ['set', 'validShare', 'format', 'textField'] as const;

/** Seen in the file that nohup made, when the terminal is gone. */
const HUNG_UP =
  'The terminal was closed (SIGHUP): stopping. nohup does not protect a Node process; start it with setsid or in tmux.';

export const train: CliCommand = {
  examples: [
    commandLine`train v61 --budget 45s`,
    commandLine`train v61 --data stories.txt --valid more.txt --steps 400 --set optimizer.lr=0.02`,
    commandLine`train --resume latest --more 10m`,
  ],
  define(command, terminal) {
    command
      .argument('[recipe]', 'a YAML file, or the name of a recipe that comes with FlashLM', path)
      .option('--data <file...>', 'train on these text files or folders (or: sample, tinystories)', paths)
      .option('--valid <file...>', 'measure the validation loss on these', paths)
      .addOption(
        new Option('--valid-share <part>', 'keep this fraction of the documents for validation, such as 0.05')
          .argParser(fraction)
          .conflicts('valid'),
      );
    addFormatOptions(command)
      .option('--steps <n>', 'stop after this many steps', wholeNumber(1, '400'))
      .option('--epochs <n>', 'stop after this many passes over the data', positive())
      .option('--tokens <n>', 'stop after this many tokens: 500k, 5M', amount)
      .option('--budget <time>', 'stop after this much training time: 45s, 90m, 2h', duration)
      .option('--out <dir>', `folder in which the run gets its own folder (default: ${RUNS})`, path);
    addSetOption(addBackendOptions(command, "the recipe's"))
      .option('--resume [run]', 'go on with a run (default: latest, the newest one in --out)', path)
      .addOption(
        new Option('--more <amount>', 'with --resume: train this much longer: 1m, 500steps, 5Mtokens, 1epoch')
          .argParser(moreTraining)
          .conflicts(['steps', 'epochs', 'tokens', 'budget']),
      )
      .addOption(new Option('--json', 'print each event as one JSON object a line').conflicts('quiet'))
      .option('--quiet', 'print nothing but the summary; warnings and notices go to standard error')
      .addHelpText(
        'after',
        '\nAny of --steps, --epochs, --tokens and --budget replaces all limits of the recipe; the first one that is' +
          '\nreached ends the run. They count from the start of the run, with --resume too; --more counts from where it is.' +
          '\nCtrl-C finishes the step, writes a checkpoint and ends with status 130; the closing of the' +
          '\nterminal does so with 129. nohup does not protect a Node process from that: use setsid or tmux for long runs.',
      )
      .action((recipe: string | undefined, options: TrainOptions) => run(recipe, options, terminal));
  },
};

async function run(recipeName: string | undefined, options: TrainOptions, terminal: Terminal): Promise<void> {
  const preparation = new TaskProgress(terminal);
  let view: RunView | undefined;
  const interruption = new Interruption(
    terminal,
    (name) => {
      const line = name === 'SIGHUP' ? HUNG_UP : 'Stopping; once more stops at once.';
      if (view) view.say(line);
      else preparation.note(line);
    },
    () => (view ? view.abandon() : preparation.note('Stopped at once, before the training began.')),
  );
  const { signal } = interruption;
  let session: Session | undefined;
  try {
    session = await openSession(recipeName, options, {
      report: (event) => view!.onEvent(event),
      hooks: [{ onEnd: () => view!.onTrained(), onProgress: (progress) => view!.onProgress(progress) }],
      onNotice: preparation.note,
      onPrepare: preparation.onPrepare,
      onTask: preparation.show,
      signal,
    }).finally(() => preparation.end());
    view = new RunView(session, options, terminal);
    const done = await session.run.run(signal);
    view.end(done, nextCommand(recipeName, options, session));
    if (done.ending === 'interrupted') throw new Exit(interruption.exitStatus);
  } catch (error) {
    if (error instanceof Exit) throw error;
    if (error instanceof DisagreementError && session) error.plugins = session.recipe.plugins;
    if (view) view.fail(error);
    else if (signal.aborted) {
      terminal.note('Stopped before the training began.');
      throw new Exit(interruption.exitStatus);
    }
    throw error;
  } finally {
    await session?.close();
    interruption.close();
  }
}

async function openSession(
  name: string | undefined,
  options: TrainOptions,
  hooks: SessionOptions,
): Promise<Session> {
  if (options.resume === undefined) {
    if (options.more)
      throw wrongUsage('--more needs --resume', 'A new run ends at --steps, --epochs, --tokens or --budget.');
    if (name === undefined) {
      throw wrongUsage(
        'No recipe was given',
        `Name one before the options, such as: ${commandLine`train v61 --data FILE`}`,
      );
    }
    return startRun(await loadRecipe(name, { set: settings(options) }), options.out ?? RUNS, hooks);
  }
  const fixed = FIXED_BY_THE_RUN.find((flag) => options[flag] !== undefined);
  if (name !== undefined || fixed) {
    const flag = fixed?.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const what = name === undefined ? `--${flag}` : `The recipe '${name}'`;
    throw wrongUsage(`${what} can't be given with --resume`, 'A run continues with its own recipe and data.');
  }
  const { data, valid, ...rest } = options;
  const run = options.resume === true ? 'latest' : options.resume;
  const directory = await namedRun(run, options.out);
  if (options.out !== undefined && directory === run) {
    throw wrongUsage(
      `--out has no effect with --resume ${run}`,
      'It says where the newest run is looked for (--resume latest). A run stays in its folder: leave --out out.',
    );
  }
  return resumeRun(directory, hooks, settings(rest), settings({ data, valid }), options.more);
}

function wrongUsage(what: string, remedy: string): FlashError {
  return new FlashError(what, { remedy, exitCode: 2 });
}

/** Changes that would bring back the text or the end of the run before. */
const OF_THIS_RUN = /^(data\.(source|valid|valid_share)|train\.(steps|epochs|tokens|budget))=/;

/** After a trial on the sample the same on a real text; a run that looks for mistakes needs none. */
function nextCommand(
  recipeName: string | undefined,
  { set = [], out, threads, backend }: TrainOptions,
  { recipe, directory }: Session,
): string {
  const isWatched = (recipe.backend.common.wrap as readonly unknown[]).length > 0;
  if (recipeName === undefined || recipe.data.source !== 'sample' || isWatched) {
    return commandLine`generate ${shown(directory.path)} --prompt "Once upon a time"`;
  }
  const kept = [
    ...(out === undefined ? [] : [shellWords`--out ${out}`]),
    ...(threads === undefined ? [] : [`--threads ${threads}`]),
    ...(backend === undefined ? [] : [shellWords`--backend ${backend}`]),
    ...set.filter((change) => !OF_THIS_RUN.test(change)).map((change) => shellWords`--set ${change}`),
  ];
  const train = [commandLine`train ${recipeName} --data tinystories --budget 2h`, ...kept].join(' ');
  return `${commandLine`data tinystories`} && ${train}`;
}
