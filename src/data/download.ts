import { join } from 'node:path';
import { FlashError } from '../core/errors.ts';
import { type Dataset, findDataset } from './datasets.ts';
import { type DownloadFileOptions, downloadFile } from './download-file.ts';

export type { DownloadProgress, Patience } from './download-file.ts';

export interface DownloadDatasetOptions extends Omit<DownloadFileOptions, 'remedy'> {
  /** Folder for the files; made when it is not there. */
  readonly dir: string;
  /** Address of the hub or of a mirror. Default: HF_ENDPOINT of the environment, else https://huggingface.co. */
  readonly endpoint?: string;
}

/** Where the files of a dataset are. */
export interface DatasetPaths {
  readonly train: string;
  readonly valid: string;
}

const HUB = 'https://huggingface.co';

/**
 * Downloads a dataset, by name (`tinystories`) or by description, and returns the paths of its files. Files that are
 * there and right are not fetched again; every other one is resumed, and verified by length and SHA-256
 * (see `downloadFile`, also for the errors).
 */
export async function downloadDataset(
  dataset: string | Dataset,
  { dir, endpoint = process.env.HF_ENDPOINT || HUB, ...options }: DownloadDatasetOptions,
): Promise<DatasetPaths> {
  const { repository, revision, train, valid } = typeof dataset === 'string' ? findDataset(dataset) : dataset;
  const base = `${parseEndpoint(endpoint)}/datasets/${repository}/resolve/${revision}`;
  const remedy =
    endpoint === HUB
      ? 'Check the connection; or set HF_ENDPOINT to a mirror; or fetch the file by other means and give it as --data.'
      : `The address comes from HF_ENDPOINT=${endpoint}: correct or unset it.`;
  // The small file first: what is wrong with the address or the folder shows at once.
  for (const file of [valid, train]) {
    await downloadFile(new URL(`${base}/${file.name}`), join(dir, file.name), file, { ...options, remedy });
  }
  return { train: join(dir, train.name), valid: join(dir, valid.name) };
}

/** The address without a slash at its end. */
function parseEndpoint(endpoint: string): string {
  if (/^https?:\/\/./.test(endpoint) && URL.canParse(endpoint)) return endpoint.replace(/\/+$/, '');
  throw new FlashError(`HF_ENDPOINT is not a web address: ${endpoint}`, {
    remedy: `Use something like ${HUB}, or unset it.`,
    exitCode: 2,
  });
}
