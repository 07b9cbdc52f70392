import { describeModel } from '../../compose/describe.ts';
import { commandLine } from '../../core/command-line.ts';
import { loadRecipe } from '../../recipes/load.ts';
import { checkGradients, type GradientResult, isRight } from '../../verify/gradient-check.ts';
import type { CliCommand } from '../command.ts';
import { Exit } from '../errors.ts';
import { formatCount, formatPlural } from '../format.ts';
import { addSetOption, path, wholeNumber } from '../options.ts';
import { TaskProgress } from '../reporters/task-progress.ts';
import { type Column, formatTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';

interface GradcheckOptions {
  readonly probes: number;
  readonly set?: readonly string[];
  readonly all?: boolean;
  readonly json?: boolean;
}

export const gradcheck: CliCommand = {
  examples: [commandLine`gradcheck v61`, commandLine`gradcheck my-plugin-layer.yaml --probes 100 --all`],
  define(command, terminal) {
    command
      .argument('<recipe>', 'a YAML file, or the name of a recipe that comes with FlashLM', path)
      .option('--probes <n>', 'elements of each gradient to look at', wholeNumber(1, '16'), 16)
      .option('--all', 'a line for every layer, not one for all that are alike');
    addSetOption(command)
      .option('--json', 'print one JSON object')
      .addHelpText(
        'after',
        '\nIn float64 on the reference backend. A quantiser has no gradient: it is replaced by its linearisation where it' +
          '\nstands, the smooth function whose gradient a straight-through backward claims to be; "surrogate" names it.' +
          '\nExit status 1: a gradient is wrong.',
      )
      .action(async (name: string, options: GradcheckOptions) => {
        const recipe = await loadRecipe(name, { set: options.set });
        describeModel(recipe);
        if (recipe.compute !== 'f32')
          terminal.note(
            `The recipe's compute is ${recipe.compute}; gradients are checked without it: differences of rounded ` +
              `arithmetic mean nothing (${commandLine`diff`} looks at it).`,
          );
        const progress = new TaskProgress(terminal);
        const onProgress = (share: number, layer: string) => progress.show('gradcheck', share, layer);
        const results = await Promise.resolve()
          .then(() => checkGradients(recipe, { probes: options.probes, onProgress }))
          .finally(() => progress.end());
        const wrong = results.filter((result) => !isRight(result));
        if (options.json)
          terminal.print(
            JSON.stringify({ name: recipe.name, right: wrong.length === 0, results: withVerdicts(results) }),
          );
        else terminal.print(describe(results, wrong, Boolean(options.all), terminal).join('\n'));
        if (wrong.length) throw new Exit(1);
      });
  },
};

const COLUMNS: readonly Column[] = [
  { title: 'layer', align: 'left' },
  { title: 'type', align: 'left' },
  { title: 'gradient of', align: 'left' },
  { title: 'probes', align: 'right' },
  { title: 'worst', align: 'right' },
  { title: 'allowed', align: 'right' },
  { title: 'is', align: 'left' },
  { title: 'surrogate', align: 'left' },
];

function describe(
  results: readonly GradientResult[],
  wrong: readonly GradientResult[],
  all: boolean,
  terminal: Terminal,
): string[] {
  const { styles } = terminal;
  const lines = all ? results : fold(results);
  const [titles, ...rows] = formatTable(COLUMNS, lines.map(row), terminal);
  const probes = formatCount(results.reduce((sum, { probes }) => sum + probes, 0));
  const conclusion = wrong.length
    ? `${styles.red('wrong:')} ${formatPlural(wrong.length, 'gradient')} of ${formatCount(results.length)}: ` +
      `${wrong.slice(0, 3).map(name).join('; ')}${wrong.length > 3 ? '; ...' : ''}`
    : `${styles.green('right:')} ${formatPlural(results.length, 'gradient')}, ${probes} derivatives compared`;
  const causes = new Set(wrong.flatMap(({ layer, cause }) => (cause ? [`${layer}: ${cause}`] : [])));
  return [
    styles.bold(titles!),
    ...rows.map((line, i) => (isRight(lines[i]!) ? line : styles.red(line))),
    '',
    conclusion,
    ...causes,
  ];
}

/** A worst error that is not a number is null in JSON, so each result says itself whether it is right. */
const withVerdicts = (results: readonly GradientResult[]) =>
  results.map((result) => ({ ...result, right: isRight(result) }));

const name = ({ layer, of }: GradientResult): string => `${layer}, ${of}`;

function row(result: GradientResult): string[] {
  const { layer, type, of, probes, worst, bound, surrogate } = result;
  // A parameter's name begins with its layer's path.
  const short = of.startsWith(`${layer}.`) ? of.slice(layer.length + 1) : of;
  return [
    layer,
    type,
    short,
    formatCount(probes),
    Number.isFinite(worst) ? worst.toExponential(1) : 'no number',
    bound.toExponential(0),
    isRight(result) ? 'right' : 'WRONG',
    surrogate.length ? `${surrogate.join(' and ')} linearised` : '',
  ];
}

/** The same place in repeated blocks is one line, with the worst of them: `blocks.*.up`. A wrong one keeps its own. */
function fold(results: readonly GradientResult[]): GradientResult[] {
  const starred = (path: string): string => path.replace(/\.\d+(?=\.)/g, '.*');
  const folded = new Map<string, GradientResult>();
  for (const result of results) {
    const line = isRight(result)
      ? { ...result, layer: starred(result.layer), of: starred(result.of) }
      : result;
    const key = [line.layer, line.type, line.of, line.surrogate].join(' ');
    const before = folded.get(key);
    folded.set(
      key,
      before
        ? { ...before, probes: before.probes + line.probes, worst: Math.max(before.worst, line.worst) }
        : line,
    );
  }
  return [...folded.values()];
}
