import { resolve } from 'node:path';

/** The folder of trained tokenizers, token files and downloads: FLASHLM_CACHE, else `.flashlm` here. */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  return resolve(env.FLASHLM_CACHE || '.flashlm');
}
