import { type Command, InvalidArgumentError, Option } from 'commander';
import { amountOf, duration as durationSchema, seconds, tokenCount } from '../core/options.ts';
import { CORPUS_FORMATS } from '../data/corpus.ts';
import { fromHome } from '../files/home-path.ts';
import type { More } from '../train/limits.ts';

/** A file or a folder; `~/` is the home folder also where the shell left it alone. */
export function path(text: string): string {
  if (text.trim()) return fromHome(text);
  throw new InvalidArgumentError('Expected a path, found nothing.');
}

/** `path` for options and arguments that take several. */
export function paths(text: string, before: readonly string[] = []): string[] {
  return [...before, path(text)];
}

/** `400`, `1000`: at least `least`. For commander: a wrong value is wrong usage, exit status 2. */
export function wholeNumber(least: number, example = String(Math.max(least, 100))): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`Expected a whole number of at least ${least}, such as ${example}.`);
  };
}

/** A number of at least `least`. */
export function numberFrom(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() && Number.isFinite(value) && value >= least) return value;
    throw new InvalidArgumentError(`Expected a number of at least ${least}.`);
  };
}

/** A number above 0, and at most `most`. */
export function positive(most = Number.POSITIVE_INFINITY): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() && Number.isFinite(value) && value > 0 && value <= most) return value;
    throw new InvalidArgumentError(
      `Expected a number above 0${Number.isFinite(most) ? `, at most ${most}` : ''}.`,
    );
  };
}

/** `5000000`, `500k`, `5M`, `1.5G` */
export function amount(text: string): number {
  const value = tokenCount.safeParse(text).success ? Math.round(amountOf(text)) : 0;
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('Expected an amount, such as 5000000, 500k or 5M.');
}

/** `45s`, `90m`, `2h`: as recipes write it. */
export function duration(text: string): string {
  if (durationSchema.safeParse(text).success && Number.parseFloat(text) > 0) return text;
  throw new InvalidArgumentError('Expected a time such as 45s, 90m or 2h.');
}

/** `1m`, `500steps`, `5Mtokens`, `0.5epochs`: how much more a run should do. */
export function more(text: string): More {
  const [, number, measure] = /^([\d.]+[kMG]?) ?(steps?|tokens?|epochs?)$/.exec(text) ?? [];
  try {
    if (!number || !measure) return { measure: 'seconds', amount: seconds(duration(text)) };
    if (measure.startsWith('epoch')) return { measure: 'epochs', amount: positive()(number) };
    return { measure: measure.startsWith('step') ? 'steps' : 'tokens', amount: amount(number) };
  } catch {
    throw new InvalidArgumentError('Expected what to add, such as 1m, 500steps, 5Mtokens or 1epoch.');
  }
}

/** `--threads` and `--backend`, which change how a model runs and not what it computes. */
export function addBackendOptions(command: Command, otherwise: string): Command {
  return command
    .option('--threads <n>', 'threads of the kernels (default: one per CPU)', wholeNumber(1, '2'))
    .option(
      '--backend <name>',
      `native, native:avx2, reference, checked(native), diff(native), timed(native)... (default: ${otherwise})`,
    );
}

/** `--format` and `--text-field`: how the files of `--data` are read. `otherwise`: whose values are taken without. */
export function addFormatOptions(command: Command, otherwise?: string): Command {
  const format = new Option('--format <name>', `how the files hold their documents${otherwise ?? ''}`);
  return command
    .addOption(format.choices(CORPUS_FORMATS))
    .option('--text-field <name>', `the field of JSON records that holds the text${otherwise ?? ''}`);
}

/** The part of the documents that is kept for validation. */
export function share(text: string): number {
  const value = Number(text);
  if (text.trim() && value > 0 && value < 1) return value;
  throw new InvalidArgumentError('Expected a part above 0 and below 1, such as 0.05.');
}

/** `--set key=value`, any number of times; the values arrive in order in the option `set`. */
export function addSetOption(command: Command): Command {
  return command.option(
    '--set <key=value>',
    'change the recipe, such as optimizer.lr=0.02 (repeatable)',
    (text: string, before: readonly string[] = []) => [...before, assignment(text)],
  );
}

/** `optimizer.lr=0.02`: a path of keys in the recipe and its value. */
export function assignment(text: string): string {
  if (/^[A-Za-z_]\w*(\.\w+)*=./s.test(text)) return text;
  throw new InvalidArgumentError('Expected key=value, such as optimizer.lr=0.02.');
}
