import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FlashError } from '../core/errors.ts';
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
  vocab: number,
  options: Pick<PrepareOptions, 'onProgress' | 'signal'>,
  tokenizer?: Tokenizer,
): Promise<RunData> {
  const { source, valid, format, cache_dir } = recipe.data;
  const shared = { ...options, format, cacheDir: cache_dir ?? undefined };
  const folder = cache_dir ?? undefined;
  const own = sourceFiles(source, folder);
  const train = await prepareData({
    ...shared,
    files: own.train,
    tokenizer: tokenizer ?? ('file' in recipe.tokenizer ? { ...recipe.tokenizer, vocab } : recipe.tokenizer),
  });
  const validFiles = valid === null ? own.valid : validationFiles(valid, folder);
  if (!validFiles) return { train, valid: null };
  return { train, valid: await prepareData({ ...shared, files: validFiles, tokenizer: train.tokenizer }) };
}

interface SourceFiles {
  readonly train: readonly string[];
  readonly valid: readonly string[] | null;
}

/** Named sources bring their own validation text. */
function sourceFiles(source: string | string[], cacheDir: string | undefined): SourceFiles {
  if (source === 'sample') return { train: [SAMPLE.train], valid: [SAMPLE.valid] };
  if (typeof source === 'string' && Object.hasOwn(DATASETS, source)) {
    const { train, valid } = DATASETS[source]!;
    const folder = datasetFolder(source, cacheDir);
    const paths = { train: [join(folder, train.name)], valid: [join(folder, valid.name)] };
    for (const path of [...paths.train, ...paths.valid]) {
      if (existsSync(path)) continue;
      throw new FlashError(`The data set ${source} is not on this machine`, {
        where: path,
        remedy: `Fetch it first: flashlm data ${source}`,
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
