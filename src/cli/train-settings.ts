import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CorpusFormat } from '../data/corpus.ts';
import { type Change, NAMED_SOURCES } from '../recipes/load.ts';

/** Flags of `train` that change the recipe. */
export interface TrainSettings {
  readonly data?: readonly string[];
  readonly valid?: readonly string[];
  readonly validShare?: number;
  readonly format?: CorpusFormat;
  readonly textField?: string;
  readonly steps?: number;
  readonly epochs?: number;
  readonly tokens?: number;
  /** `45s`, `90m`, `2h`. */
  readonly budget?: string;
  readonly threads?: number;
  /** As recipes write it in one word: `native:avx2`, `checked(native)`. */
  readonly backend?: string;
  readonly set?: readonly string[];
}

const LIMITS = ['steps', 'epochs', 'tokens', 'budget'] as const;

/** The flags as `key=value` changes of the recipe; `--set` comes last, so it has the last word. */
export function settings(flags: TrainSettings): Change[] {
  const limits = LIMITS.filter((limit) => flags[limit] !== undefined);
  const limitFlags = limits.map((limit) => `--${limit} ${flags[limit]}`).join(' ');
  const { data, valid, validShare, format, textField, threads, backend } = flags;
  return [
    ...(data ? [change('data.source', sources(data), `--data ${data.join(' ')}`)] : []),
    // Either names the validation data, so the other one of the recipe no longer does.
    ...(valid
      ? [
          change('data.valid', sources(valid), `--valid ${valid.join(' ')}`),
          change('data.valid_share', null, `--valid ${valid.join(' ')}`),
        ]
      : []),
    ...(validShare === undefined
      ? []
      : [
          change('data.valid', null, `--valid-share ${validShare}`),
          change('data.valid_share', validShare, `--valid-share ${validShare}`),
        ]),
    ...(format === undefined ? [] : [change('data.format', format, `--format ${format}`)]),
    ...(textField === undefined ? [] : [change('data.text_field', textField, `--text-field ${textField}`)]),
    // Whoever says `--steps 400` does not mean "or less, if the recipe's two hours are over before".
    ...(limits.length
      ? LIMITS.map((limit) => change(`train.${limit}`, flags[limit] ?? null, limitFlags))
      : []),
    ...(threads === undefined ? [] : [change('train.threads', threads, `--threads ${threads}`)]),
    ...(backend === undefined ? [] : [change('backend', backend, `--backend ${backend}`)]),
    ...(flags.set ?? []),
  ];
}

/** JSON is YAML, so it says exactly this value, whatever characters are in it. */
function change(key: string, value: unknown, flag: string): Change {
  return { set: `${key}=${JSON.stringify(value)}`, flag };
}

/** A data set's name is itself unless there is a file of that name. */
export function sources(given: readonly string[]): string | string[] {
  const [only] = given;
  if (given.length === 1 && NAMED_SOURCES.includes(only!) && !existsSync(only!)) return only!;
  return given.map((path) => resolve(path));
}
