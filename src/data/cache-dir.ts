import { resolve } from 'node:path';
import { fromHome } from '../files/home-path.ts';

/** The folder of trained tokenizers, token files and downloads: FLASHLM_CACHE, else `.flashlm` here. */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  return resolve(fromHome(env.FLASHLM_CACHE || '.flashlm'));
}
