import type { Comparison } from '../bench/comparison.ts';
import type { MachineLimits } from '../bench/machine-limits.ts';
import { type Summary, spread } from '../bench/measurement.ts';
import type { OpResult } from '../bench/op-bench.ts';
import { caseName } from '../bench/op-case.ts';
import { assumedOf, type Prediction } from '../bench/prediction.ts';
import type { BenchReport } from '../bench/report.ts';
import type { StepResult } from '../bench/step-bench.ts';
import { formatBytes } from '../core/format-bytes.ts';
import { formatCount, formatPercent, formatPlural, formatRate, printable } from './format.ts';
import { type Column, formatTable, type Page } from './table.ts';
import type { Terminal } from './terminal.ts';

export const left = (title: string): Column => ({ title, align: 'left' });
export const right = (title: string): Column => ({ title, align: 'right' });

/** Three significant digits where there are any: `0.472`, `4.72`, `47.2`, `472`. */
export function digits(value: number): string {
  if (value === 0) return '0';
  // A time of 0 has no rate.
  if (!Number.isFinite(value)) return '-';
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return Math.abs(value) >= 1000
    ? formatCount(Number(value.toPrecision(3)))
    : value.toFixed(Math.min(decimals, 3));
}

/** `734 ns`, `12.3 µs`, `4.56 ms`, `3.21 s` */
export function formatTime(seconds: number): string {
  const units = [
    ['s', 1],
    ['ms', 1e3],
    ['µs', 1e6],
    ['ns', 1e9],
  ] as const;
  const [unit, factor] = units.find(([, each]) => Math.abs(seconds) * each >= 1) ?? units[3];
  return `${digits(seconds * factor)} ${unit}`;
}

export const gigabytes = (rate: number): string => `${digits(rate / 1e9)} GB/s`;

/** An integer multiply-accumulate is one, a float one is two operations. */
const arithmetic = (opsPerSecond: number, integer: boolean): string =>
  integer ? `${digits(opsPerSecond / 2e9)} GMAC/s` : `${digits(opsPerSecond / 1e9)} GFLOP/s`;

export const percent = (share: number | null): string =>
  share === null ? '' : `${Math.round(share * 100)}%`;
export const plusMinus = (seconds: Summary): string => `±${Math.round(spread(seconds) * 100)}%`;
export const times = (speedup: number | undefined): string =>
  speedup === undefined ? '' : `${speedup.toFixed(2)}x`;

function bytes(count: number): string {
  return count < 1024 ** 2 ? `${Math.round(count / 1024)} KiB` : `${Math.round(count / 1024 ** 2)} MiB`;
}

/** Everything a report has, as short as it can be read. */
export function describeBench(
  report: BenchReport,
  comparison: Comparison | null,
  terminal: Terminal,
): string[] {
  const { styles } = terminal;
  const { machine, limits, calls, ops, steps, peakMemory } = report;
  const table = ([titles, ...rows]: readonly string[]): string[] => [styles.bold(titles!), ...rows];
  const costs = calls.map(({ threads, seconds }) => {
    return `${formatTime(seconds.median)} ${plusMinus(seconds)} (${formatPlural(threads, 'thread')})`;
  });
  return [
    `${calls.at(-1)!.backend} on ${machine.cpu} (${formatPlural(machine.cpus, 'CPU')}), node ${machine.node}`,
    'Times are medians, ± half of what lies between the quartiles; limits are the best that was seen.',
    ...(comparison ? [`Speed-ups are against ${measuredOn(comparison.before)}.`] : []),
    ...(isBusy(machine) ? [styles.yellow(busyNote(machine))] : []),
    ...(limits.length ? ['', ...table(limitLines(limits, terminal))] : []),
    ...(ops.length ? ['', ...table(opLines(ops, comparison, terminal))] : []),
    '',
    `a call with six tensors and nothing to do: ${costs.join(', ')}`,
    ...(steps.length ? ['', batchLine(report), ...table(stepLines(report, comparison, terminal))] : []),
    // A table for each precision: beside each other they would not fit a terminal.
    ...[...new Set(steps.map(({ compute }) => compute))].flatMap((compute) => [
      '',
      ...table(
        breakdownLines(
          steps.filter((step) => step.compute === compute),
          terminal,
        ),
      ),
    ]),
    ...(peakMemory === null ? [] : ['', memoryLine(peakMemory)]),
  ];
}

/** Why some of a report has no speed-up; undefined where all of it has one. */
export function unmatchedNote({ ratios, unmatched }: Comparison, path: string): string | undefined {
  const [first, ...others] = unmatched;
  if (first === undefined) return undefined;
  const what = others.length ? `${first} and ${others.length} more` : first;
  const all = ratios.length ? '' : ': nothing could be compared';
  return `${path} has no time of ${what}${all}`;
}

const isBusy = ({ load, cpus }: BenchReport['machine']): boolean => load > cpus / 2;

/** Of a report: the backend, the machine, and when. */
function measuredOn({ calls, machine, date }: BenchReport): string {
  const busy = isBusy(machine) ? ', which was busy' : '';
  const where = `${machine.cpu} (${formatPlural(machine.cpus, 'CPU')}), node ${machine.node}`;
  return printable(`${calls.at(-1)!.backend} on ${where}${busy}, ${date.slice(0, 16).replace('T', ' ')} UTC`);
}

function busyNote({ load, cpus }: BenchReport['machine']): string {
  const wanted = `${load.toFixed(1)} processes wanted ${formatPlural(cpus, 'CPU')}`;
  return `This machine was busy (${wanted}): times are longer, limits lower than when it is idle.`;
}

const memoryLine = (peak: number): string =>
  `peak resident memory of this benchmark, which holds all of these models at once: ${formatBytes(peak)}`;

function limitLines(limits: readonly MachineLimits[], page: Page): string[] {
  const columns = [
    left("machine's limits"),
    ...limits.map(({ threads }) => right(formatPlural(threads, 'thread'))),
  ];
  const { memory } = limits[0]!;
  const rate = (value: number | null, integer: boolean) =>
    value === null ? '-' : arithmetic(value, integer);
  const row = (name: string, of: (limit: MachineLimits) => string) => [name, ...limits.map(of)];
  return formatTable(
    columns,
    [
      row('float32 multiply-add', (l) => arithmetic(l.floatOps, false)),
      row('bf16 dot product', (l) => rate(l.bf16Ops, false)),
      row('int8 dot product', (l) => arithmetic(l.integerOps, true)),
      row('ternary by popcount', (l) => rate(l.ternaryOps, true)),
      ...memory.map(({ name }, i) =>
        row(`${name} read, triad`, (l) => {
          const { measured, read, triad } = l.memory[i]!;
          return `${digits(read / 1e9)}, ${gigabytes(triad)} (${bytes(measured)})`;
        }),
      ),
      row('waking the threads', (l) => (l.threads === 1 ? '-' : formatTime(l.forkSeconds))),
    ],
    page,
  );
}

/** A line an op: the last number of threads in full, the ones before it in short. */
function opLines(ops: readonly OpResult[], comparison: Comparison | null, page: Page): string[] {
  const threads = [...new Set(ops.map((op) => op.threads))];
  const full = threads.at(-1)!;
  const compared = comparison ? [right('speed-up')] : [];
  const columns = [
    left('op'),
    left('shape'),
    ...threads
      .slice(0, -1)
      .flatMap((count) => [right(formatPlural(count, 'thread')), right('share'), ...compared]),
    ...[formatPlural(full, 'thread'), '±', 'arithmetic', 'memory', 'share'].map(right),
    left('of'),
    ...compared,
  ];
  const speedup = (op: OpResult) => (comparison ? [times(comparison.ofOp(op))] : []);
  const rows = ops
    .filter((op) => op.threads === full)
    .map((op) => {
      const others = threads
        .slice(0, -1)
        .map((count) => ops.find((o) => o.threads === count && isSame(o, op))!);
      return [
        caseName(op),
        Object.values(op.dims).join('x'),
        ...others.flatMap((o) => [formatTime(o.seconds.median), percent(o.share), ...speedup(o)]),
        formatTime(op.seconds.median),
        plusMinus(op.seconds),
        op.flops ? arithmetic(op.flopsPerSecond, op.integer) : '',
        gigabytes(op.bytesPerSecond),
        percent(op.share),
        op.limit ?? '',
        ...speedup(op),
      ];
    });
  return formatTable(columns, rows, page);
}

const isSame = (a: OpResult, b: OpResult): boolean => caseName(a) === caseName(b);

function batchLine({ training }: BenchReport): string {
  const { recipe, tokens, distinctTokens, distinctPairs } = training!;
  const batch = `${formatCount(distinctTokens)} distinct, ${formatCount(distinctPairs)} distinct pairs`;
  return `${recipe}, steps of ${formatCount(tokens)} random tokens (${batch}):`;
}

function stepLines(report: BenchReport, comparison: Comparison | null, page: Page): string[] {
  const { steps } = report;
  const columns = [
    left('training step'),
    right('time'),
    right('±'),
    right('speed'),
    right('outside kernels'),
  ];
  return formatTable(
    comparison ? [...columns, right('speed-up')] : columns,
    steps.map((step) => [
      stepName(step),
      formatTime(step.seconds.median),
      plusMinus(step.seconds),
      formatRate(step.tokensPerSecond),
      formatPercent(step.outsideShare),
      ...(comparison ? [times(comparison.ofStep(step, report))] : []),
    ]),
    page,
  );
}

const stepName = ({ path, compute, threads }: StepResult): string =>
  `${path} ${compute}, ${formatPlural(threads, 'thread')}`;

/** The ops below each other, the steps beside each other. */
function breakdownLines(steps: readonly StepResult[], page: Page): string[] {
  const names = [...new Set(steps.flatMap(({ breakdown }) => breakdown.ops.map(({ op }) => op)))];
  const cell = (part?: { readonly seconds: number; readonly share: number }) =>
    part ? `${formatTime(part.seconds)} ${formatPercent(part.share).padStart(5)}` : '';
  const row = (name: string, of: (step: StepResult) => string) => [name, ...steps.map(of)];
  const calls = steps.map(({ breakdown }) => formatCount(breakdown.binding.calls));
  return formatTable(
    [left('where a step goes'), ...steps.map((step) => right(stepName(step)))],
    [
      ...names.map((name) => row(name, ({ breakdown }) => cell(breakdown.ops.find(({ op }) => op === name)))),
      row('binding (estimated)', ({ breakdown }) => cell(breakdown.binding)),
      row('TypeScript', ({ breakdown }) => cell(breakdown.typescript)),
      ['kernel calls', ...calls],
    ],
    page,
  );
}

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
    `- cores as fast as one of this machine (${machine.cpu}) with one thread, with ${formatBytes(ownCache)} of cache each;`,
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
