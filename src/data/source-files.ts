import { readdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import picomatch from 'picomatch';
import { FlashError } from '../core/errors.ts';
import { fileError } from '../files/files.ts';
import { CANNOT_READ } from './text-blocks.ts';

/** The files of data sources, and notices about them in whole sentences. */
export interface SourceFiles {
  readonly files: readonly string[];
  readonly notices: readonly string[];
}

/**
 * The files of `sources`, each a file, a folder (all files in it and below) or a glob pattern (a path that exists is
 * never one). The files of a folder or pattern come in the order of their paths below it, compared character by
 * character; hidden and empty ones are left out. A file that is named twice is read once.
 * @throws FlashError for a folder or pattern without a file. Files that can't be used are found when they are read.
 */
export function sourceFiles(sources: readonly string[]): SourceFiles {
  const files: string[] = [];
  const notices: string[] = [];
  const seen = new Set<string>();
  for (const source of sources) {
    const found = expand(source, notices);
    const fresh = found.filter((file) => {
      const real = realPath(file);
      return !seen.has(real) && seen.add(real);
    });
    if (fresh.length < found.length) {
      const twice = found.length === 1 ? `${source} is named twice` : `Files of ${source} are named twice`;
      notices.push(`${twice}: each file is read once.`);
    }
    files.push(...fresh);
  }
  return { files, notices };
}

function expand(source: string, notices: string[]): string[] {
  const kind = kindOf(source);
  if (kind === 'file' || (!kind && !picomatch.scan(source).isGlob)) return [source];
  const found = kind === 'folder' ? filesBelow(source) : matches(source);
  // A file that is gone by now is reported when it is read.
  const sizes = found.map((path) => [path, statSync(path, { throwIfNoEntry: false })] as const);
  const empty = sizes.filter(([, stat]) => stat?.isFile() && stat.size === 0).length;
  const special = sizes.filter(([, stat]) => stat && !stat.isFile()).length;
  const paths = sizes.filter(([, stat]) => !stat || (stat.isFile() && stat.size > 0)).map(([path]) => path);
  const what = kind === 'folder' ? 'folder' : 'pattern';
  if (paths.length === 0) {
    const reason = found.length > 0 ? 'holds empty files only' : kind ? 'holds no file' : 'matches no file';
    throw new FlashError(`${CANNOT_READ}: the ${what} ${reason}`, {
      where: source,
      remedy: 'Check the path; names that begin with a dot are left out.',
      // As with a single file that is missing.
      cause: kind ? undefined : Object.assign(new Error('no match'), { code: 'ENOENT' }),
    });
  }
  const range = paths.length === 1 ? paths[0] : `${paths[0]} to ${paths.at(-1)}`;
  notices.push(`${source}: ${paths.length} ${paths.length === 1 ? 'file' : 'files'}, ${range}.`);
  if (special > 0)
    notices.push(
      `${source}: left out ${special} that ${special === 1 ? 'is not a regular file' : 'are not regular files'}.`,
    );
  if (empty > 0) notices.push(`${source}: left out ${empty} empty ${empty === 1 ? 'file' : 'files'}.`);
  return paths;
}

function kindOf(path: string): 'file' | 'folder' | undefined {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat && (stat.isDirectory() ? 'folder' : 'file');
  } catch {
    // Why it can't be used is said when it is read.
    return 'file';
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** The files that a pattern matches. The part of it that exists as a folder is not a pattern, whatever characters it has. */
function matches(pattern: string): string[] {
  let base = dirname(pattern);
  while (kindOf(base) !== 'folder' && base !== dirname(base)) base = dirname(base);
  const rest = pattern.slice(base.endsWith(sep) ? base.length : base.length + 1).replaceAll(sep, '/');
  const isMatch = picomatch(rest);
  const depth = rest.includes('**') ? Number.POSITIVE_INFINITY : rest.split('/').length;
  return filesBelow(base, depth, isMatch);
}

/** In the order of their paths below `folder`. Links are followed, except one to a folder that it is in. */
function filesBelow(
  folder: string,
  depth = Number.POSITIVE_INFINITY,
  isMatch: (path: string) => boolean = () => true,
): string[] {
  const found: string[] = [];
  const visit = (below: string, left: number, inside: readonly string[]): void => {
    const path = join(folder, below);
    const real = realpathSync(path);
    if (inside.includes(real)) return;
    for (const name of readdirSync(path)) {
      if (name.startsWith('.')) continue;
      const relative = below === '' ? name : `${below}/${name}`;
      if (statSync(join(folder, relative)).isDirectory()) {
        if (left > 1) visit(relative, left - 1, [...inside, real]);
      } else if (isMatch(relative)) {
        found.push(relative);
      }
    }
  };
  try {
    visit('', depth, []);
  } catch (error) {
    throw fileError(error, CANNOT_READ, (error as { path?: string }).path ?? folder);
  }
  return found.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)).map((relative) => join(folder, relative));
}
