import { basename } from 'node:path';
import { type ComparedRun, compareRuns, type RunComparison, type SeedGroup } from '../../app/compare-runs.ts';
import { commandLine } from '../../core/command-line.ts';
import { FlashError } from '../../core/errors.ts';
import { formatBytes } from '../../core/format-bytes.ts';
import type { CliCommand } from '../command.ts';
import { Exit, reportError } from '../errors.ts';
import { formatBits, formatCount, formatDuration, formatPlural, formatPpl, formatShort } from '../format.ts';
import { namedRun, RUN_ARGUMENT } from '../named-run.ts';
import { paths } from '../options.ts';
import { type Column, formatPairs, formatTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';

interface CompareOptions {
  readonly json?: boolean;
}

export const compare: CliCommand = {
  examples: [
    commandLine`compare runs/a runs/b`,
    commandLine`compare runs/v5.2-20260101-120000 latest --json`,
  ],
  define(command, terminal) {
    command
      .argument('<run...>', RUN_ARGUMENT, paths)
      .option('--json', 'print one JSON object')
      .action(async (named: readonly string[], options: CompareOptions) => {
        const comparison = await compareRuns(await Promise.all(named.map((run) => namedRun(run))));
        if (options.json) terminal.print(JSON.stringify(comparison, errorsAsLines));
        else for (const line of describe(comparison, terminal)) terminal.print(line);
        for (const { error } of comparison.unread) reportError(error, terminal, false);
        if (comparison.unread.length > 0) throw new Exit(1);
      });
  },
};

const errorsAsLines = (_: string, value: unknown): unknown =>
  value instanceof FlashError ? value.lines() : value;

const COLUMNS: readonly Column[] = [
  { title: '', align: 'right' },
  { title: 'run', align: 'left' },
  { title: 'text', align: 'left' },
  { title: 'BPC', align: 'right' },
  { title: 'PPL', align: 'right' },
  { title: 'tokens/s', align: 'right' },
  { title: 'tokens', align: 'right' },
  { title: 'time', align: 'right' },
  { title: 'parameters', align: 'right' },
  { title: 'packed', align: 'right' },
];

/** Of the run at `i`: what other lines call it. */
const numberOf = (i: number): string => String(i + 1);

function describe({ runs, seeds, differences, warnings }: RunComparison, terminal: Terminal): string[] {
  const { bold } = terminal.styles;
  const [title, ...rows] = formatTable(COLUMNS, runs.map(row), terminal);
  const lines = [bold(title!), ...rows];
  if (seeds.length > 0)
    lines.push('', bold('BPC over seeds'), ...formatPairs(seeds.map(describeSeeds), terminal, '  '));
  if (differences.length > 0) {
    const pairs = differences.map(({ key, values }) => [key, describeValues(values)] as const);
    lines.push('', bold('What differs in the recipes'), ...formatPairs(pairs, terminal, '  '));
  }
  if (warnings.length > 0) lines.push('', ...warnings.map((warning) => `warning: ${warning}`));
  return lines;
}

function row(run: ComparedRun, i: number): string[] {
  const { evaluation, tokensPerSecond } = run;
  return [
    numberOf(i),
    basename(run.directory),
    evaluation?.split ?? '-',
    evaluation ? formatBits(evaluation.bpc, evaluation, 4) : '-',
    evaluation ? formatPpl(evaluation, 2) : '-',
    tokensPerSecond === null ? '-' : formatShort(tokensPerSecond),
    formatShort(run.tokens),
    formatDuration(run.seconds),
    formatCount(run.parameters),
    formatBytes(run.packedBytes),
  ];
}

function describeSeeds({ runs, mean, deviation, least, most }: SeedGroup): readonly [string, string] {
  const spread = `from ${least.toFixed(4)} to ${most.toFixed(4)}, standard deviation ${deviation.toFixed(4)}`;
  const names = runs.map(numberOf).join(', ');
  return [names, `mean ${mean.toFixed(4)} of ${formatPlural(runs.length, 'run')}, ${spread}`];
}

/** `0.004 (1, 3), 0.002 (2)` */
function describeValues(values: readonly (string | null)[]): string {
  const distinct = [...new Set(values)];
  return distinct
    .map((value) => {
      const runs = values.flatMap((other, i) => (other === value ? [numberOf(i)] : []));
      return `${value ?? 'absent'} (${runs.join(', ')})`;
    })
    .join(', ');
}
