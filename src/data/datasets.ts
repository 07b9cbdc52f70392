import { join } from 'node:path';
import { FlashError } from '../core/errors.ts';
import { cacheDir } from './cache-dir.ts';

/** A file of a dataset, fixed for ever by its length and SHA-256. */
export interface DatasetFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A dataset on the Hugging Face hub at one revision: names of branches move, so a commit is named. */
export interface Dataset {
  /** `owner/name` on the hub. */
  readonly repository: string;
  readonly revision: string;
  readonly licence: string;
  readonly train: DatasetFile;
  readonly valid: DatasetFile;
}

/**
 * The datasets the command `data` knows by name. The hashes are the ones that the hub shows on each file's page ("Large
 * File Pointer Details").
 */
export const DATASETS: Readonly<Record<string, Dataset>> = {
  /** Eldan & Li 2023, https://arxiv.org/abs/2305.07759; the second version, written by GPT-4 alone. */
  tinystories: {
    repository: 'roneneldan/TinyStories',
    revision: 'f54c09fd23315a6f9c86f9dc80f725de7d8f9c64',
    licence: 'CDLA-Sharing-1.0',
    train: {
      name: 'TinyStoriesV2-GPT4-train.txt',
      bytes: 2_227_753_162,
      sha256: '6418d412de72888f52b5142c761ac21a582f7d1166f0bfbdb5f03ccfdec90443',
    },
    valid: {
      name: 'TinyStoriesV2-GPT4-valid.txt',
      bytes: 22_502_601,
      sha256: '6874bae9a4c1a4e7edcf0e53b86c17817e9cf881fc75ff2368da457b80c0585d',
    },
  },
};

/** The dataset called `name`. Throws FlashError (wrong usage) for one that is not known. */
export function findDataset(name: string): Dataset {
  if (Object.hasOwn(DATASETS, name)) return DATASETS[name]!;
  throw new FlashError(`There is no dataset called ${JSON.stringify(name)}`, {
    remedy: `Known are: ${Object.keys(DATASETS).join(', ')}. Text files of your own are read by their path.`,
    exitCode: 2,
  });
}

/** Where the files of a dataset are kept: under the data cache's folder. */
export function datasetFolder(name: string, folder: string = cacheDir()): string {
  return join(folder, 'datasets', name);
}
