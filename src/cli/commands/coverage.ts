import { nativeStatus } from '../../backends/native/index.ts';
import { commandLine } from '../../core/command-line.ts';
import { OP_NAMES } from '../../core/ops/table.ts';
import { type BackendCoverage, type Coverage, coverage as coverBackends } from '../../verify/coverage.ts';
import type { CliCommand } from '../command.ts';
import { Exit } from '../errors.ts';
import { formatCount } from '../format.ts';
import { ProgressBar } from '../reporters/progress-bar.ts';
import { type Column, formatTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';

export const coverage: CliCommand = {
  examples: [commandLine`coverage`, commandLine`coverage --json`],
  define(command, terminal) {
    command
      .option('--json', 'print one JSON object')
      .addHelpText('after', '\nExit status 1: a kernel does not agree with the reference.')
      .action((options: { json?: boolean }) => {
        const { isas, reasons } = nativeStatus();
        const bar = terminal.interactive ? new ProgressBar(terminal) : undefined;
        let done = 0;
        const backends = coverBackends(isas, (name) =>
          bar?.update('coverage', done++ / (isas.length + 1), name),
        );
        bar?.stop();
        if (options.json) terminal.print(JSON.stringify({ backends, native: isas.length ? null : reasons }));
        else terminal.print([...describe(backends, terminal), ...(isas.length ? [] : reasons)].join('\n'));
        if (backends.some(({ ops }) => ops.some(({ failure }) => failure))) throw new Exit(1);
      });
  },
};

function describe(backends: readonly BackendCoverage[], terminal: Terminal): string[] {
  const { styles } = terminal;
  const columns: Column[] = [
    { title: 'op', align: 'left' },
    ...backends.map(({ backend }) => ({ title: backend, align: 'left' }) as const),
  ];
  const rows = OP_NAMES.map((op, i) => [op, ...backends.map(({ ops }) => cell(ops[i]!))]);
  const [titles, ...lines] = formatTable(columns, rows, terminal);
  const failures = backends.flatMap(({ backend, ops }) =>
    ops.flatMap(({ op, failure }) => (failure ? [styles.red(`${backend}, ${op}: ${failure}`)] : [])),
  );
  const missing = backends.flatMap(({ backend, missing }) => (missing ? [`${backend}: ${missing}`] : []));
  return [
    styles.bold(titles!),
    ...lines,
    '',
    'own: its own kernel; composed: put together of other kernels; scalar: the scalar kernel; other names: the',
    'extension whose kernel it is. The number: calls that agreed with the reference just now.',
    ...missing,
    ...failures,
  ];
}

function cell({ kernel, agreed, failure }: Coverage): string {
  if (agreed === null) return `${kernel}, not run`;
  return failure ? `${kernel}, WRONG` : `${kernel} ${formatCount(agreed)}`;
}
