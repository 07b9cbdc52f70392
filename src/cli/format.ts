/** `1082496` -> `1,082,496` */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** `45875200` -> `45.9M`, `65536` -> `65.5k`, `812` -> `812` */
export function formatShort(count: number): string {
  const power = Math.min(Math.floor(Math.log10(Math.max(Math.abs(count), 1)) / 3), 3);
  if (power === 0) return String(Number(count.toPrecision(3)));
  const scaled = Number((count / 1000 ** power).toPrecision(3));
  // 999,999 rounds to 1000k: say 1M.
  return scaled >= 1000 && power < 3
    ? formatShort(1000 ** (power + 1))
    : `${scaled}${['', 'k', 'M', 'G'][power]}`;
}

/** `1234567` -> `1.23M tokens/s`, `15234` -> `15,200 tokens/s` */
export function formatRate(tokensPerSecond: number): string {
  const rounded = Number(tokensPerSecond.toPrecision(3));
  const value = rounded >= 1e6 ? `${(rounded / 1e6).toFixed(2)}M` : rounded.toLocaleString('en-US');
  return `${value} tokens/s`;
}

/** `0.42` -> `0.42 s`, `42` -> `42 s`, `72` -> `1m 12s`, `7380` -> `2h 03m` */
export function formatDuration(seconds: number): string {
  if (seconds < 9.95) return `${Number(Number(seconds.toFixed(3)).toPrecision(2))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m`;
}

/** Nats, bits: four decimals. */
export function formatLoss(value: number): string {
  return value.toFixed(4);
}

/** A perplexity; that of a model which may see what it predicts never stands by itself. */
export function formatPpl(
  { ppl, causal }: { readonly ppl: number; readonly causal: boolean },
  decimals: number,
): string {
  return `${ppl.toFixed(decimals)}${causal ? '' : ' (not causal)'}`;
}

/** A learning rate or a gradient norm: three significant digits, no exponent where it can be read without. */
export function formatSmall(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-4
    ? value.toExponential(2)
    : String(Number(value.toPrecision(3)));
}

/** `0.0123` -> `1.2%` */
export function formatPercent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}

/** `formatPlural(1, 'thread')` -> `1 thread` */
export function formatPlural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Generated text can hold any character: those that a terminal would obey are shown as U+FFFD. */
export function printable(text: string): string {
  return text.replace(/(?![\n\t])\p{Cc}/gu, '\ufffd');
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
