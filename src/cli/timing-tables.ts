import type { KernelTime, LayerTime } from '../core/kernel-times.ts';
import { OPS } from '../core/ops/table.ts';
import type { TimingEvent } from '../train/events.ts';
import { digits, formatTime } from './bench-tables.ts';
import { formatCount, formatPercent } from './format.ts';
import { type Column, formatTable } from './table.ts';
import type { Terminal } from './terminal.ts';

const right = (title: string): Column => ({ title, align: 'right' });
const NUMBERS = ['calls', 'time', 'share', 'rate', 'GB/s'].map(right);

/** The time of a run on a timed backend as two tables, by op and by layer. Each adds up to the whole time. */
export function timingTables({ seconds, ops, layers }: TimingEvent, terminal: Terminal): string[] {
  const inKernels = ops.reduce((sum, op) => sum + op.seconds, 0);
  const outside = [
    'outside kernels',
    '',
    formatTime(seconds - inKernels),
    formatPercent(1 - inKernels / seconds),
    '',
    '',
  ];
  const byOp = ops.map((time) => [time.op, ...numbers(time, seconds, OPS[time.op].integer)]);
  const byLayer = foldLayers(layers).map((time) => [time.layer ?? '(no layer)', ...numbers(time, seconds)]);
  return [
    ...table('op', [...byOp, outside], terminal),
    '',
    ...table('layer', [...byLayer, outside], terminal),
    '(GB/s: counts every argument as read or written once, as if nothing were cached)',
  ];
}

function table(first: string, rows: readonly string[][], terminal: Terminal): string[] {
  const [titles, ...lines] = formatTable([{ title: first, align: 'left' }, ...NUMBERS], rows, terminal);
  return [terminal.styles.bold(titles!), ...lines];
}

function numbers({ calls, seconds, flops, bytes }: KernelTime, total: number, integer?: boolean): string[] {
  const rate = flops / seconds;
  return [
    formatCount(calls),
    formatTime(seconds),
    formatPercent(seconds / total),
    flops === 0 ? '' : integer ? `${digits(rate / 2e9)} GMAC/s` : `${digits(rate / 1e9)} GFLOP/s`,
    digits(bytes / seconds / 1e9),
  ];
}

/** Sums a layer over all repeats of its block, under one path: `blocks.*.up`. */
function foldLayers(layers: readonly LayerTime[]): LayerTime[] {
  const sums = new Map<string | null, LayerTime>();
  for (const time of layers) {
    const layer = time.layer?.replace(/\.\d+(?=\.|$)/g, '.*') ?? null;
    const { calls = 0, seconds = 0, flops = 0, bytes = 0 } = sums.get(layer) ?? {};
    sums.set(layer, {
      layer,
      calls: calls + time.calls,
      seconds: seconds + time.seconds,
      flops: flops + time.flops,
      bytes: bytes + time.bytes,
    });
  }
  return [...sums.values()].sort((a, b) => b.seconds - a.seconds);
}
