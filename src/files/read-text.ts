import { readFileSync } from 'node:fs';

/** The text of a file, or undefined where it can't be read. */
export type ReadText = (file: string) => string | undefined;

/** For files of the system (`/proc`), which may be missing or hidden. */
export const readText: ReadText = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
};
