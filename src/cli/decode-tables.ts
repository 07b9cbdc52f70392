import type { Comparison } from '../bench/comparison.ts';
import type { GenerationReport } from '../bench/decode-bench.ts';
import { formatBytes } from '../core/format-bytes.ts';
import { formatTime, gigabytes, left, percent, plusMinus, right, times } from './bench-tables.ts';
import { formatCount, formatPlural, formatRate } from './format.ts';
import { formatTable } from './table.ts';
import type { Terminal } from './terminal.ts';

/** How fast a model writes and reads: a line for each number of texts and threads. */
export function describeGeneration(
  report: GenerationReport,
  comparison: Comparison | null,
  terminal: Terminal,
): string[] {
  const { bold } = terminal.styles;
  const { recipe, context, decode, prefill } = report;
  const compared = comparison ? [right('speed-up')] : [];
  const [decodeTitles, ...decodeRows] = formatTable(
    [
      left('decode'),
      ...['a token each', '±', 'speed', 'weights a token', 'read at', 'share'].map(right),
      left('of'),
      ...compared,
    ],
    decode.map((result) => [
      `${formatPlural(result.sequences, 'text')}, ${formatPlural(result.threads, 'thread')}`,
      formatTime(result.seconds.median),
      plusMinus(result.seconds),
      formatRate(result.tokensPerSecond),
      formatBytes(Math.round(result.bytesPerToken)),
      gigabytes((result.bytesPerToken * result.sequences) / result.seconds.median),
      percent(result.share),
      result.limit ?? '',
      ...(comparison ? [times(comparison.ofDecode(result, report))] : []),
    ]),
    terminal,
  );
  const [prefillTitles, ...prefillRows] = formatTable(
    [left('prefill'), ...['time', '±', 'speed'].map(right), ...compared],
    prefill.map((result) => [
      `${formatPlural(result.tokens, 'token')}, ${formatPlural(result.threads, 'thread')}`,
      formatTime(result.seconds.median),
      plusMinus(result.seconds),
      formatRate(result.tokensPerSecond),
      ...(comparison ? [times(comparison.ofPrefill(result, report))] : []),
    ]),
    terminal,
  );
  const length = context === null ? '' : `, in the middle of ${formatCount(context)} tokens`;
  return [
    '',
    `${recipe}, texts side by side${length}:`,
    bold(decodeTitles!),
    ...decodeRows,
    '',
    bold(prefillTitles!),
    ...prefillRows,
  ];
}
