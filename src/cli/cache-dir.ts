import { join, resolve } from 'node:path';

/** The folder of trained tokenizers, token files and downloads: FLASHLM_CACHE, else `.flashlm` here. */
export function cacheDir(env: NodeJS.ProcessEnv): string {
  return resolve(env.FLASHLM_CACHE || '.flashlm');
}

/** Where `flashlm data <name>` puts a dataset's files, unless told otherwise. */
export function datasetDir(env: NodeJS.ProcessEnv, name: string): string {
  return join(cacheDir(env), 'datasets', name);
}
