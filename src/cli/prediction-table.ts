import { assumedOf } from '../bench/assumptions.ts';
import type { Prediction } from '../bench/predicted-steps.ts';
import type { BenchReport } from '../bench/report.ts';
import { formatBytes } from '../core/format-bytes.ts';
import { formatTime, left, right } from './bench-tables.ts';
import { formatCount, formatPercent, formatRate } from './format.ts';
import { formatTable } from './table.ts';
import type { Terminal } from './terminal.ts';

/** Predicted steps and everything that they rest on. */
export function describePredictions(report: BenchReport, terminal: Terminal): string[] {
  const { styles } = terminal;
  const { predictions, limits, machine } = report;
  const { fork, memory, ownCache } = assumedOf(limits, report.calls[0]!.backend);
  const columns = [
    left('predicted step'),
    ...['cores', 'speed', 'time', 'kernels', 'waking threads', 'outside kernels'].map(right),
    left('longest op'),
    right('speed with this memory'),
  ];
  const [titles, ...rows] = formatTable(columns, predictions.map(row), terminal);
  return [
    '',
    'PREDICTION, not measured: machines with more cores like this one',
    styles.bold(titles!),
    ...rows,
    'It assumes',
    `- cores as fast as one of this machine (${machine.cpu}) with one thread, with ${formatBytes(ownCache)} of cache of their own;`,
    "- an op's one-core time, cut into the pieces that its kernel makes of it (docs/performance.md);",
    `- ${formatTime(fork)} to wake two threads, as measured here, and that much again for each doubling;`,
    '- one core for binding and TypeScript, the latter measured with the blocks and calls of so many cores;',
    `- memory that keeps up; in the last column, ${(memory / 1e9).toFixed(0)} GB/s for all cores together, as here, for what their caches do not hold.`,
    'It leaves out NUMA, clocks that fall when all cores work, and other processes.',
  ];
}

function row({ path, compute, cores, free, bound }: Prediction): string[] {
  const share = (seconds: number) => formatPercent(seconds / free.seconds);
  const { slowest } = free;
  return [
    `${path} ${compute}`,
    formatCount(cores),
    formatRate(free.tokensPerSecond),
    formatTime(free.seconds),
    share(free.kernels),
    share(free.forks),
    share(free.outside),
    slowest ? `${slowest.op}, ${slowest.speedup.toFixed(1)}x` : '',
    formatRate(bound.tokensPerSecond),
  ];
}
