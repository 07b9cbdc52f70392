import { type Command, InvalidArgumentError, Option } from 'commander';
import { amountOf, duration as durationSchema, seconds, tokenCount } from '../core/options.ts';
import { CORPUS_FORMATS } from '../data/corpus.ts';
import { fromHome } from '../files/home-path.ts';
import type { MoreTraining } from '../train/limits.ts';

/** The path of a file or folder. Expands `~/`, which shells leave as it is inside quotes and after `=`. */
export function path(text: string): string {
  if (text.trim()) return fromHome(text);
  throw new InvalidArgumentError('Expected a path, found nothing.');
}

/** `path` for options and arguments with several values: adds one path to the `previous` ones. */
export function paths(text: string, previous: readonly string[] = []): string[] {
  return [...previous, path(text)];
}

/** The largest count: those of recipes and of the library have 32 bits too. */
const MAX_COUNT = 2 ** 31 - 1;

/**
 * Parses whole numbers from `min` up, such as `400`: from 1 up they are counts, from 0 up anything, such as a seed. A wrong value
 * is wrong usage: commander ends with exit status 2.
 */
export function wholeNumber(min: number, example = String(Math.max(min, 100))): (text: string) => number {
  return (text) => {
    const value = Number(text);
    const max = min > 0 ? MAX_COUNT : Number.MAX_SAFE_INTEGER;
    const isWhole = /^\d+$/.test(text);
    if (isWhole && value >= min && value <= max) return value;
    const range = isWhole && value > max ? `at most ${max}` : `at least ${min}`;
    throw new InvalidArgumentError(`Expected a whole number of ${range}, such as ${example}.`);
  };
}

/** Parses finite numbers from `min` up. */
export function numberAtLeast(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() && Number.isFinite(value) && value >= min) return value;
    throw new InvalidArgumentError(`Expected a number of at least ${min}.`);
  };
}

/** Parses finite numbers above 0 and at most `max`. */
export function positive(max = Number.POSITIVE_INFINITY): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() && Number.isFinite(value) && value > 0 && value <= max) return value;
    throw new InvalidArgumentError(
      `Expected a number above 0${Number.isFinite(max) ? `, at most ${max}` : ''}.`,
    );
  };
}

/** Parses amounts such as `5000000`, `500k`, `5M` and `1.5G`. */
export function amount(text: string): number {
  const value = tokenCount.safeParse(text).success ? Math.round(amountOf(text)) : 0;
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('Expected an amount, such as 5000000, 500k or 5M.');
}

/** Checks durations such as `45s`, `90m` and `2h`, and returns the text: recipes use the same syntax. */
export function duration(text: string): string {
  if (durationSchema.safeParse(text).success && Number.parseFloat(text) > 0) return text;
  throw new InvalidArgumentError('Expected a duration such as 45s, 90m or 2h.');
}

/** Parses how much longer a run should train, such as `1m`, `500steps`, `5Mtokens` and `0.5epochs`. */
export function moreTraining(text: string): MoreTraining {
  const [, number, measure] = /^([\d.]+[kMG]?) ?(steps?|tokens?|epochs?)$/.exec(text) ?? [];
  try {
    if (!number || !measure) return { measure: 'seconds', amount: seconds(duration(text)) };
    if (measure.startsWith('epoch')) return { measure: 'epochs', amount: positive()(number) };
    return { measure: measure.startsWith('step') ? 'steps' : 'tokens', amount: amount(number) };
  } catch {
    throw new InvalidArgumentError('Expected how much to train, such as 1m, 500steps, 5Mtokens or 1epoch.');
  }
}

/** Adds `--threads` and `--backend`, which change how a model runs but not what it computes. */
export function addBackendOptions(command: Command, defaultBackend: string): Command {
  return command
    .option('--threads <n>', 'kernel threads (default: one per CPU)', wholeNumber(1, '2'))
    .option(
      '--backend <name>',
      `native, native:avx2, reference, checked(native), diff(native), timed(native)... (default: ${defaultBackend})`,
    );
}

/** Adds `--format` and `--text-field`: how to read the files of `--data`. `note` ends their help texts. */
export function addFormatOptions(command: Command, note = ''): Command {
  const format = new Option('--format <name>', `how the files hold their documents${note}`);
  return command
    .addOption(format.choices(CORPUS_FORMATS))
    .option('--text-field <name>', `the field of JSON records that holds the text${note}`);
}

/** Parses numbers between 0 and 1, both excluded. */
export function fraction(text: string): number {
  const value = Number(text);
  if (text.trim() && value > 0 && value < 1) return value;
  throw new InvalidArgumentError('Expected a fraction above 0 and below 1, such as 0.05.');
}

/** Adds `--set key=value`, which may be repeated; the option `set` holds the values in order. */
export function addSetOption(command: Command): Command {
  return command.option(
    '--set <key=value>',
    'change the recipe, such as optimizer.lr=0.02 (repeatable)',
    (text: string, previous: readonly string[] = []) => [...previous, assignment(text)],
  );
}

/** Checks the form `key=value`, such as `optimizer.lr=0.02`, and returns the text. */
export function assignment(text: string): string {
  if (/^[A-Za-z_]\w*(\.\w+)*=./s.test(text)) return text;
  throw new InvalidArgumentError('Expected key=value, such as optimizer.lr=0.02.');
}
