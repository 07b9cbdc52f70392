import { commandLine } from '../../core/command-line.ts';
import { FlashError } from '../../core/errors.ts';
import { createRegistry } from '../../recipes/builtins.ts';
import { createBackend, parseBackend } from '../../recipes/create.ts';
import { loadPlugins } from '../../recipes/plugins.ts';
import type { Registry } from '../../recipes/registry.ts';
import { loadRecording } from '../../verify/recording-file.ts';
import { type Replay, replay as replayCall } from '../../verify/replay.ts';
import type { CliCommand } from '../command.ts';
import { Exit } from '../errors.ts';
import { formatCount, printable } from '../format.ts';
import { path, paths, wholeNumber } from '../options.ts';
import { type Column, formatPairs, formatTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';

interface ReplayOptions {
  readonly backend?: string;
  readonly against?: string;
  readonly plugin?: readonly string[];
  readonly threads?: number;
  readonly json?: boolean;
}

export const replay: CliCommand = {
  examples: [
    commandLine`replay .flashlm/recordings/activation-blocks.0.silu-forward-step1-20260101T120000.safetensors`,
    commandLine`replay call.safetensors --backend native:scalar --against reference`,
  ],
  define(command, terminal) {
    command
      .argument('<recording>', 'a file that a disagreement of diff has left', path)
      .option('--backend <name>', 'the backend to look at (default: the recorded one)')
      .option('--against <name>', 'the backend to compare with (default: the recorded one)')
      .option('--plugin <file...>', 'plugins that bring a backend or decorator named here', paths)
      .option('--threads <n>', 'kernel threads (default: one per CPU)', wholeNumber(1, '2'))
      .option('--json', 'print one JSON object')
      .addHelpText('after', '\nExit status 1: the two disagree, as they did when the call was recorded.')
      .action((path: string, options: ReplayOptions) => run(path, options, terminal));
  },
};

async function run(path: string, options: ReplayOptions, terminal: Terminal): Promise<void> {
  const recording = await loadRecording(path);
  const registry = createRegistry();
  for (const plugin of await loadPlugins(options.plugin ?? [], process.cwd())) registry.use(plugin);
  const [name, against] = recording.backends;
  const backend = open(options.backend ?? requireKnown(name, registry), registry, options, terminal);
  const reference = open(
    options.against ?? requireKnown(against, registry),
    registry,
    options,
    terminal,
    '--against',
  );
  try {
    const result = replayCall(recording, backend, reference);
    const { op, layer, step, mismatch } = recording;
    const names = [backend.name, reference.name];
    if (options.json) {
      terminal.print(
        JSON.stringify({ op, layer: layer ?? null, step, recorded: mismatch, backends: names, ...result }),
      );
    } else {
      const place = layer ? `${layer.path}, ${layer.pass}` : 'no layer';
      const pairs = formatPairs(
        [
          ['call', `${op} in ${place}${step === null ? '' : `, step ${step + 1}`}`],
          [
            'recorded',
            `${mismatch.arg}[${mismatch.row}, ${mismatch.col}]: ${mismatch.actual} on ${name}, ${mismatch.expected} on ${against}`,
          ],
          ['now', `${names[0]} against ${names[1]}`],
        ],
        terminal,
      );
      // A stranger's file can name anything: what a terminal would obey is not shown as it is.
      for (const line of [...pairs, '', ...describe(result, terminal)]) terminal.print(printable(line));
      for (const line of conclude(result, names, terminal)) terminal.print(line);
    }
    if (result.deviations.some((d) => d.mismatch)) throw new Exit(1);
  } finally {
    backend.dispose();
    reference.dispose();
  }
}

/** A recorded backend may have come from a plugin. Which file that was is not recorded: loading it would run it. */
function requireKnown(name: string, registry: Registry): string {
  try {
    parseBackend(name, registry);
    return name;
  } catch (cause) {
    throw new FlashError(`The call was recorded on '${name}', which comes from a plugin`, {
      remedy: 'Name the plugin with --plugin FILE, or another backend with --backend.',
      exitCode: 2,
      cause,
    });
  }
}

function open(
  name: string,
  registry: Registry,
  { threads }: ReplayOptions,
  terminal: Terminal,
  flag?: string,
) {
  return createBackend(parseBackend(name, registry, flag), {
    threads,
    notice: (text) => terminal.note(text),
  });
}

const COLUMNS: readonly Column[] = [
  { title: 'result', align: 'left' },
  { title: 'values', align: 'right' },
  { title: 'too far off', align: 'right' },
  { title: 'worst', align: 'right' },
  { title: 'allowed', align: 'right' },
  { title: 'first', align: 'left' },
];

function describe({ deviations }: Replay, terminal: Terminal): string[] {
  const rows = deviations.map(({ arg, elements, beyond, near, worst, mismatch }) => [
    arg,
    formatCount(elements),
    formatCount(beyond),
    worst === 0 ? 'none' : worst.toExponential(1),
    near === 0 ? 'none' : near.toExponential(0),
    mismatch ? `[${mismatch.row}, ${mismatch.col}]: ${mismatch.actual}, expected ${mismatch.expected}` : '',
  ]);
  return formatTable(COLUMNS, rows, terminal);
}

function conclude(
  { deviations, sameAsRecorded }: Replay,
  names: readonly string[],
  { styles }: Terminal,
): string[] {
  const differ = deviations.some((d) => d.mismatch);
  const recorded = sameAsRecorded ? 'gives what was recorded, to the bit' : 'does not give what was recorded';
  return [
    '',
    `${differ ? styles.red('differ') : styles.green('agree')}: ${names[0]} and ${names[1]}; ${names[0]} ${recorded}`,
  ];
}
