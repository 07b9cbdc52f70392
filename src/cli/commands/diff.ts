import { type BackendAgreement, compareBackends } from '../../app/compare-backends.ts';
import { describeBound } from '../../backends/diff/diff.ts';
import { describeUncompared } from '../../backends/diff/uncompared-layers.ts';
import { commandLine } from '../../core/command-line.ts';
import { unlessFloat32 } from '../../core/compute.ts';
import { loadRecipe } from '../../recipes/load.ts';
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
      .option(
        '--backend <name...>',
        'backends to compare (default: each instruction set of this machine, or the backend of a plugin that the recipe names)',
      )
      .option('--against <name>', 'the backend to compare with', 'reference:f64')
      .option('--steps <n>', 'training steps', wholeNumber(1, '5'), 1)
      .option('--data <file...>', "train on these text files (default: the recipe's)", paths)
      .option('--threads <n>', 'kernel threads (default: one per CPU)', wholeNumber(1, '2'));
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
  const { data, set, threads, steps, against, backend: backends } = options;
  const recipe = await loadRecipe(name, { set: settings({ data, set, threads }) });
  const progress = new TaskProgress(terminal);
  const comparison = compareBackends(recipe, {
    steps,
    against,
    backends,
    onPrepare: progress.onPrepare,
    onProgress: (share, backend) => progress.show(`comparing ${backend}`, share),
    onNotice: progress.note,
  });
  const compared: BackendAgreement[] = [];
  try {
    for await (const agreement of comparison) {
      progress.end();
      compared.push(agreement);
      terminal.print(options.json ? JSON.stringify(agreement) : conclude(agreement, terminal));
    }
  } finally {
    progress.end();
  }
  if (!options.json) terminal.print(['', ...describe(compared, terminal)].join('\n'));
}

function conclude(
  { backend, against, compute, steps, ops, uncompared }: BackendAgreement,
  { styles }: Terminal,
): string {
  const calls = ops.reduce((sum, op) => sum + op.calls, 0);
  const what = `${formatPlural(calls, 'kernel call')} in ${formatPlural(steps, 'step')} compared`;
  const within = describeBound(Math.max(...ops.map(({ allowed }) => allowed)));
  const parts = [`${backend} and ${against}`, what, within, ...unlessFloat32(compute)];
  const layers = describeUncompared(uncompared);
  return [
    `${styles.green('agree:')} ${parts.join(', ')}`,
    ...(layers
      ? [`${styles.yellow('not compared:')} ${layers}; ${commandLine`gradcheck`} looks at them`]
      : []),
  ].join('\n');
}

/** Of each op on each backend the deviation that came closest to what is allowed, which may depend on what was rounded. */
function describe(compared: readonly BackendAgreement[], terminal: Terminal): string[] {
  const right = (title: string): Column => ({ title, align: 'right' });
  const columns: Column[] = [
    { title: 'largest deviation', align: 'left' },
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
