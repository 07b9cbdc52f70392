import { fileURLToPath } from 'node:url';

/** The stories that come with the package: written for it, under its licence, so that a first run needs no network. */
export const SAMPLE = {
  train: fileURLToPath(new URL('sample/train.txt', import.meta.url)),
  valid: fileURLToPath(new URL('sample/valid.txt', import.meta.url)),
} as const;
