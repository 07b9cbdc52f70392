/** What is shown for what is not a number: never `NaN` or `Infinity` in the middle of a sentence. */
const NO_NUMBER = '-';
const WHOLE_LIMIT = 1e15;

/** `1082496` -> `1,082,496`; `1.23e20` from 1e15 on */
export function formatCount(count: number): string {
  return Math.abs(count) < WHOLE_LIMIT ? Math.round(count).toLocaleString('en-US') : extreme(count);
}

/** `45875200` -> `45.9M`, `65536` -> `65.5k`, `812` -> `812` */
export function formatShort(count: number): string {
  if (!(Math.abs(count) < WHOLE_LIMIT)) return extreme(count);
  const power = Math.min(Math.floor(Math.log10(Math.max(Math.abs(count), 1)) / 3), 4);
  if (power === 0) return formatSmall(count);
  const scaled = Number((count / 1000 ** power).toPrecision(3));
  // 999,999 rounds to 1000k: say 1M.
  return Math.abs(scaled) >= 1000 && power < 4
    ? formatShort(Math.sign(count) * 1000 ** (power + 1))
    : `${scaled}${['', 'k', 'M', 'G', 'T'][power]}`;
}

/** `1234567` -> `1.23M tokens/s`, `15234` -> `15,200 tokens/s` */
export function formatRate(tokensPerSecond: number): string {
  const rounded = Number(tokensPerSecond.toPrecision(3));
  const units = [
    ['T', 1e12],
    ['G', 1e9],
    ['M', 1e6],
  ] as const;
  const [unit, size] = units.find(([, size]) => Math.abs(rounded) >= size) ?? ['', 1];
  const small = Math.abs(rounded) < 100 ? formatSmall(rounded) : formatCount(rounded);
  const value = size === 1 ? small : `${(rounded / size).toFixed(2)}${unit}`;
  return `${Math.abs(rounded) < WHOLE_LIMIT ? value : extreme(rounded)} tokens/s`;
}

/** `0.42` -> `0.42 s`, `42` -> `42 s`, `72` -> `1m 12s`, `7380` -> `2h 03m`, `180000` -> `2d 02h`, `1e11` -> `1,157,407d` */
export function formatDuration(seconds: number): string {
  if (seconds < 0) return `-${formatDuration(-seconds)}`;
  if (!Number.isFinite(seconds)) return NO_NUMBER;
  if (seconds > 0 && seconds < 0.0005) return 'under 1 ms';
  if (seconds < 9.95) return `${Number(Number(seconds.toFixed(3)).toPrecision(2))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m`;
  const hours = Math.round(seconds / 3600);
  const days = Math.floor(hours / 24);
  return days < 100_000 ? `${formatCount(days)}d ${two(hours % 24)}h` : `${formatCount(days)}d`;
}

/** Nats: four decimals, or three digits where those would be zeros or too many. */
export function formatLoss(value: number): string {
  return formatDecimals(value, 4);
}

/** What was measured of a model, and whether the model may see what it predicts. */
interface Scored {
  readonly causal: boolean;
}

/** A perplexity. `null` is one beyond the range of a float64: a loss above 709. */
export function formatPpl(
  { ppl, causal }: Scored & { readonly ppl: number | null },
  decimals: number,
): string {
  const value = ppl === null ? '> 1e308' : formatDecimals(ppl, decimals);
  return `${value}${causalLabel(causal)}`;
}

/** Bits a character or a byte. `null`: the text has none. */
export function formatBits(bits: number | null, { causal }: Scored, decimals: number): string {
  return bits === null ? NO_NUMBER : `${formatDecimals(bits, decimals)}${causalLabel(causal)}`;
}

/** A score of a model that may see what it predicts is never printed without this. */
function causalLabel(causal: boolean): string {
  return causal ? '' : ' (not causal)';
}

/** `decimals` decimals; three significant digits where those would show zeros only, or more digits than mean anything. */
function formatDecimals(value: number, decimals: number): string {
  const size = Math.abs(value);
  if (size >= 1e6 || !Number.isFinite(value)) return extreme(value);
  return size !== 0 && size < 10 ** -decimals ? scientific(value) : value.toFixed(decimals);
}

/** A learning rate or a gradient norm: three significant digits, no exponent where it can be read without. */
export function formatSmall(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6 || !Number.isFinite(value)) return extreme(value);
  return size !== 0 && size < 1e-4 ? scientific(value) : String(Number(value.toPrecision(3)));
}

/** `0.0123` -> `1.2%` */
export function formatPercent(share: number): string {
  const percent = share * 100;
  return Math.abs(percent) < 1e6 ? `${percent.toFixed(1)}%` : extreme(percent, '%');
}

function extreme(value: number, unit = ''): string {
  if (Number.isNaN(value)) return NO_NUMBER;
  if (!Number.isFinite(value)) return value > 0 ? 'infinite' : '-infinite';
  return `${scientific(value)}${unit}`;
}

/** `1.2e+17` -> `1.20e17` */
function scientific(value: number): string {
  return value.toExponential(2).replace('e+', 'e');
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
