// Whether a build is of the files that are there, by their names, sizes and times: reading them would take longer than
// the program takes to start.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../', import.meta.url));

/** Where a build for `platform`-`arch` puts its files, unless told otherwise. */
export const buildFolder = (platform, arch) =>
  path.join(repository, 'native', 'build', `${platform}-${arch}`);

/** What a build of the kernels in `folder` leaves about itself. */
export const nativeStamp = (folder) => path.join(folder, 'sources.json');

const NATIVE_SOURCES = ['build-flags.mjs', 'generated', 'isa', 'kernels', 'simd', 'src'];

/** The state of what kernels are compiled from. */
export const nativeState = () => stateOf(NATIVE_SOURCES.map((name) => `native/${name}`));

/** One line for each file in `places`, files and folders of `root`; what starts with a dot does not count. */
export function stateOf(places, root = repository) {
  const lines = [];
  const visit = (place) => {
    const file = path.join(root, place);
    const found = statSync(file, { throwIfNoEntry: false });
    if (found?.isDirectory()) {
      for (const name of readdirSync(file)) if (!name.startsWith('.')) visit(`${place}/${name}`);
    } else if (found) lines.push(`${place} ${found.size} ${found.mtimeMs}`);
  };
  for (const place of places) visit(place);
  return lines.sort().join('\n');
}

/** What a build left about itself; empty where there is none. */
export function readStamp(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
}
