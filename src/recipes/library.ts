import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Beside this module, in `src` and in `dist` alike. */
const LIBRARY = fileURLToPath(new URL('./library/', import.meta.url));

/** The names of the recipes that come with the package. */
export function libraryNames(): string[] {
  const files = readdirSync(LIBRARY).filter((file) => file.endsWith('.yaml'));
  return files.map((file) => file.slice(0, -'.yaml'.length)).sort();
}

/** The file of a recipe of the library; undefined when there is none of this name. */
export function libraryFile(name: string): string | undefined {
  if (!/^[a-z0-9][a-z0-9.-]*$/.test(name)) return undefined;
  const file = `${LIBRARY}${name}.yaml`;
  return existsSync(file) ? file : undefined;
}
