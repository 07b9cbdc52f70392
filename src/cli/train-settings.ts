import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { NAMED_SOURCES } from '../recipes/load.ts';

/** Flags of the command `train` that change the recipe. */
export interface TrainSettings {
  readonly data?: readonly string[];
  readonly valid?: readonly string[];
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
export function settings(flags: TrainSettings): string[] {
  const limited = LIMITS.some((limit) => flags[limit] !== undefined);
  return [
    ...(flags.data ? [assign('data.source', sources(flags.data))] : []),
    ...(flags.valid ? [assign('data.valid', sources(flags.valid))] : []),
    // Whoever says `--steps 400` does not mean "or less, if the recipe's two hours are over before".
    ...(limited ? LIMITS.map((limit) => assign(`train.${limit}`, flags[limit] ?? null)) : []),
    ...(flags.threads === undefined ? [] : [assign('train.threads', flags.threads)]),
    ...(flags.backend === undefined ? [] : [assign('backend', flags.backend)]),
    ...(flags.set ?? []),
  ];
}

/** JSON is YAML, so it says exactly this value, whatever characters are in it. */
function assign(key: string, value: unknown): string {
  return `${key}=${JSON.stringify(value)}`;
}

/** A data set's name stands for itself unless there is a file of that name. */
function sources(given: readonly string[]): string | string[] {
  const [only] = given;
  if (given.length === 1 && NAMED_SOURCES.includes(only!) && !existsSync(only!)) return only!;
  return given.map((path) => resolve(path));
}
