import { describeBound } from '../../backends/decorators/diff.ts';
import { nativeStatus } from '../../backends/native/index.ts';
import { commandLine } from '../../core/command-line.ts';
import { computeName, computeNotice, computeOn, unlessFloat32 } from '../../core/compute.ts';
import { BatchSource } from '../../data/batches.ts';
import { createBackend, parseBackend } from '../../recipes/create.ts';
import { describeModel } from '../../recipes/describe.ts';
import { loadRecipe, type Recipe } from '../../recipes/load.ts';
import { recipeTraining } from '../../recipes/recipe-training.ts';
import { prepareRunData } from '../../recipes/run-data.ts';
import { compareTraining, type OpAgreement } from '../../verify/backend-comparison.ts';
import type { CliCommand } from '../command.ts';
import { formatCount, formatPlural, formatShort } from '../format.ts';
import { addSetOption, path, paths, wholeNumber } from '../options.ts';
import { TaskProgress } from '../reporters/task-progress.ts';
import { type Column, formatTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { settings, type TrainSettings } from '../train-settings.ts';

interface DiffOptions extends Pick<TrainSettings, 'data' | 'set' | 'threads'> {
  readonly backend?: readonly string[];
  readonly against: string;
  readonly steps: number;
  readonly json?: boolean;
}

export const diff: CliCommand = {
  examples: [
    commandLine`diff v61 --steps 5`,
    commandLine`diff my.yaml --backend native:avx2 --against reference --data stories.txt`,
  ],
  define(command, terminal) {
    command
      .argument('<recipe>', 'a YAML file, or the name of a recipe that comes with FlashLM', path)
      .option('--backend <name...>', 'backends to compare (default: each instruction set of this machine)')
      .option('--against <name>', 'the backend that is right', 'reference:f64')
      .option('--steps <n>', 'training steps', wholeNumber(1, '5'), 1)
      .option('--data <file...>', "train on these text files (default: the recipe's)", paths)
      .option('--threads <n>', 'threads of the kernels (default: one per CPU)', wholeNumber(1, '2'));
    addSetOption(command)
      .option('--json', 'print one JSON object a backend')
      .addHelpText(
        'after',
        '\nEach call gets the same inputs on both, so errors do not add up. The first that differs ends the command with' +
          '\nstatus 1; it is saved for `replay`. Steps are as large as the recipe says: --set data.batch=8 makes them' +
          '\nsmaller. A run compares now and then with: train --backend, or wrap: [{type: diff, every: 50}].',
      )
      .action((recipe: string, options: DiffOptions) => run(recipe, options, terminal));
  },
};

async function run(name: string, options: DiffOptions, terminal: Terminal): Promise<void> {
  const { data, set, threads, steps } = options;
  const recipe = await loadRecipe(name, { set: settings({ data, set, threads }) });
  describeModel(recipe);
  const progress = new TaskProgress(terminal);
  const prepared = await prepareRunData(recipe, { onProgress: progress.onPrepare }).finally(() =>
    progress.end(),
  );
  for (const notice of prepared.train.notices) progress.note(notice);
  try {
    const { seq_len: seqLen, batch, order } = recipe.data;
    const batches = new BatchSource(prepared.train.tokens, { seqLen, batch, order, seed: recipe.train.seed });
    const make = recipeTraining(recipe, batches, seqLen * batch);
    const path = recipe.collapse === 'auto' ? 'collapsed' : 'dense';
    const compared: Compared[] = [];
    for (const subject of options.backend ?? ownBackends()) {
      const backend = open(subject, recipe, terminal);
      const against = open(options.against, recipe, terminal, '--against');
      const shortfall = computeNotice(backend, recipe.compute);
      if (shortfall) terminal.note(shortfall);
      try {
        const ops = await compareTraining(make, path, backend, against, steps, (share) =>
          progress.show(`comparing ${backend.name}`, share),
        );
        const compute = computeName(computeOn(backend, recipe.compute));
        compared.push({ backend: backend.name, against: against.name, compute, steps, ops });
      } finally {
        progress.end();
        backend.dispose();
        against.dispose();
      }
      if (options.json) terminal.print(JSON.stringify(compared.at(-1)));
      else terminal.print(conclude(compared.at(-1)!, terminal));
    }
    if (!options.json) terminal.print(['', ...describe(compared, terminal)].join('\n'));
  } finally {
    prepared.train.tokens.close();
    prepared.valid?.tokens.close();
  }
}

/** Every instruction set that runs here, with its extensions. */
function ownBackends(): string[] {
  const isas = nativeStatus().isas.filter(({ supported }) => supported);
  return isas.length ? isas.map(({ isa }) => `native:${isa}`) : ['reference'];
}

function open(name: string, recipe: Recipe, terminal: Terminal, flag?: string) {
  const { threads } = recipe.train;
  const context = {
    threads: threads === 'auto' ? undefined : threads,
    notice: (text: string) => terminal.note(text),
  };
  return createBackend(parseBackend(name, recipe.registry, flag), context);
}

/** What is known of one backend that agreed in every call. */
interface Compared {
  readonly backend: string;
  readonly against: string;
  readonly compute: string;
  readonly steps: number;
  readonly ops: readonly OpAgreement[];
}

function conclude({ backend, against, compute, steps, ops }: Compared, { styles }: Terminal): string {
  const calls = ops.reduce((sum, op) => sum + op.calls, 0);
  const what = `${formatPlural(calls, 'kernel call')} in ${formatPlural(steps, 'step')} compared`;
  const within = describeBound(Math.max(...ops.map(({ allowed }) => allowed)));
  const parts = [`${backend} and ${against}`, what, within, ...unlessFloat32(compute)];
  return `${styles.green('agree:')} ${parts.join(', ')}`;
}

/** Of each op on each backend the deviation that came closest to what is allowed, which may depend on what was rounded. */
function describe(compared: readonly Compared[], terminal: Terminal): string[] {
  const right = (title: string): Column => ({ title, align: 'right' });
  const columns: Column[] = [
    { title: 'greatest deviation', align: 'left' },
    ...['calls', 'values', 'allowed', ...compared.map(({ backend }) => backend)].map(right),
  ];
  const rows = compared[0]!.ops.map(({ op, calls, elements }) => {
    const all = compared.map(({ ops }) => ops.find((other) => other.op === op));
    const allowed = new Set(all.flatMap((one) => (one ? [one.allowed] : [])));
    return [
      op,
      formatCount(calls),
      formatShort(elements),
      [...allowed].map((near) => (near === 0 ? 'none' : near.toExponential(0))).join(', '),
      ...all.map((one) => (one === undefined ? '-' : one.worst === 0 ? 'none' : one.worst.toExponential(1))),
    ];
  });
  const [titles, ...lines] = formatTable(columns, rows, terminal);
  return [terminal.styles.bold(titles!), ...lines];
}
