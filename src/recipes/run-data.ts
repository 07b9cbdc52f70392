import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { commandLine } from '../core/command-line.ts';
import { FlashError } from '../core/errors.ts';
import { errorCode } from '../core/files.ts';
import { DATASETS, datasetFolder } from '../data/datasets.ts';
import { type PreparedData, type PrepareOptions, prepareData } from '../data/prepare.ts';
import { SAMPLE } from '../data/sample.ts';
import type { Tokenizer } from '../data/tokenizer/tokenizer.ts';
import type { Recipe } from './load.ts';

/** The encoded texts of a run. */
export interface RunData {
  readonly train: PreparedData;
  readonly valid: PreparedData | null;
}

/**
 * Encodes the recipe's texts, or finds them in the cache. `tokenizer` is the one of a run that goes on.
 * @throws FlashError for data that is missing or can't be used.
 */
export async function prepareRunData(
  recipe: Recipe,
  options: Pick<PrepareOptions, 'onProgress' | 'signal'>,
  tokenizer?: Tokenizer,
): Promise<RunData> {
  const { format, cache_dir } = recipe.data;
  const shared = { ...options, format, cacheDir: cache_dir ?? undefined };
  const files = textFiles(recipe);
  const train = await prepareData({
    ...shared,
    files: files.train,
    tokenizer: tokenizer ?? recipe.tokenizer,
  });
  if (!files.valid) return { train, valid: null };
  return { train, valid: await prepareData({ ...shared, files: files.valid, tokenizer: train.tokenizer }) };
}

/**
 * The error about a text that is not there, for a run: its recipe says where its texts were, and `command` says how to
 * name their new place. Every other error comes back unchanged.
 */
export function movedText(
  error: unknown,
  { data }: Recipe,
  command: (flag: '--data' | '--valid') => string,
): unknown {
  if (!(error instanceof FlashError) || errorCode(error.cause) !== 'ENOENT') return error;
  const isOneOf = (files: string | readonly string[]) => [files].flat().includes(error.where ?? '');
  const valid = !isOneOf(data.source);
  if (valid && !isOneOf(data.valid ?? [])) return error;
  return new FlashError(`The run's ${valid ? 'validation ' : ''}text is not there any more`, {
    where: error.where,
    remedy: `If it was moved, name its new place: ${command(valid ? '--valid' : '--data')}`,
    cause: error,
  });
}

/** Text files. */
export interface TextFiles {
  readonly train: readonly string[];
  readonly valid: readonly string[] | null;
}

/** The files of the recipe's texts. @throws FlashError for a data set that was not fetched. */
export function textFiles({ data }: Recipe): TextFiles {
  const folder = data.cache_dir ?? undefined;
  const own = sourceFiles(data.source, folder);
  return data.valid === null ? own : { train: own.train, valid: validationFiles(data.valid, folder) };
}

/** Named sources bring their own validation text. */
function sourceFiles(source: string | string[], cacheDir: string | undefined): TextFiles {
  if (source === 'sample') return { train: [SAMPLE.train], valid: [SAMPLE.valid] };
  if (typeof source === 'string' && Object.hasOwn(DATASETS, source)) {
    const { train, valid } = DATASETS[source]!;
    const folder = datasetFolder(source, cacheDir);
    const paths = { train: [join(folder, train.name)], valid: [join(folder, valid.name)] };
    for (const path of [...paths.train, ...paths.valid]) {
      if (existsSync(path)) continue;
      // Without --out it would go into the folder that the environment names, not into the recipe's.
      const fetch = cacheDir ? commandLine`data ${source} --out ${folder}` : commandLine`data ${source}`;
      throw new FlashError(`The data set ${source} is not on this machine`, {
        where: path,
        remedy: `Fetch it first: ${fetch}`,
      });
    }
    return paths;
  }
  return { train: [source].flat(), valid: null };
}

/** A named source given as validation data means its validation half. */
function validationFiles(valid: string | string[], cacheDir: string | undefined): readonly string[] {
  return sourceFiles(valid, cacheDir).valid ?? [valid].flat();
}
