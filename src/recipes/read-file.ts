import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { commandLine } from '../core/command-line.ts';
import { FlashError } from '../core/errors.ts';
import { formatBytes } from '../core/format-bytes.ts';
import type { MapTree, Place, RecipeIssue } from '../core/recipe-tree.ts';
import { fileError } from '../files/files.ts';
import { fromHome } from '../files/home-path.ts';
import { RecipeError } from './errors.ts';
import { libraryFile, libraryNames } from './library.ts';
import { mergeRecipes } from './merge.ts';
import { nearest } from './nearest.ts';
import { entry, show, without } from './tree.ts';
import { type Locate, MAX_BYTES, parseYaml } from './yaml.ts';

const MAX_CHAIN = 32;

/** A recipe's text with everything it extends, not yet checked. */
export interface RecipeText {
  readonly tree: MapTree;
  /** Mistakes beside which the rest can be checked. */
  readonly issues: readonly RecipeIssue[];
  /** The file's name without its ending: the recipe's name where it gives itself none. */
  readonly stem: string;
}

/**
 * Reads a recipe, a file or a name of the library, and what it extends.
 * @throws RecipeError for invalid YAML, and for a chain of `extends` with a missing file or a cycle; FlashError for files
 * that can't be read.
 */
export function readRecipe(nameOrPath: string): RecipeText {
  const asked: Place = { text: '', source: '', dir: process.cwd(), line: 0, column: 0 };
  const file = findRecipe(nameOrPath, asked);
  const issues: RecipeIssue[] = [];
  const tree = readChain(file, asked, [], issues);
  return { tree, issues, stem: basename(file).replace(/\.ya?ml$/, '') };
}

/** A path if it looks like one or if there is such a file, else a name of the library. */
function findRecipe(name: string, place: Place): string {
  const known = libraryFile(name);
  if (known) return known;
  const file = resolve(place.dir, fromHome(name));
  const isPath = /[\\/]|\.ya?ml$/.test(name);
  try {
    if (statSync(file, { throwIfNoEntry: false })) return file;
  } catch (error) {
    const failure = fileError(error, `there is no recipe file ${shown(file)}`, file);
    if (!(failure instanceof FlashError)) throw failure;
    throw new RecipeError([{ place, message: failure.message }], error);
  }
  const names = libraryNames();
  const full = names.filter((each) => !each.endsWith('-debug'));
  const message = isPath
    ? `there is no recipe file ${shown(file)}`
    : `there is no recipe '${name}' in the library (${full.join(', ')}), nor a file of this name`;
  throw new RecipeError([{ place, message, nearest: isPath ? undefined : nearest(name, names) }]);
}

/** `issues` gets the mistakes beside which the rest can be checked. */
function readChain(file: string, askedAt: Place, above: readonly string[], issues: RecipeIssue[]): MapTree {
  const real = realpathSync(file);
  if (above.includes(real)) {
    const cycle = [...above.slice(above.indexOf(real)), real].map(shown).join(' -> ');
    throw new RecipeError([{ place: askedAt, message: `'extends' forms a cycle: ${cycle}` }]);
  }
  if (above.length === MAX_CHAIN) {
    throw new RecipeError([{ place: askedAt, message: `more than ${MAX_CHAIN} recipes extend each other` }]);
  }
  const tree = readMap(file, askedAt, issues);
  const base = entry(tree, 'extends')?.value;
  if (!base) return tree;
  if (base.kind !== 'scalar' || typeof base.value !== 'string') {
    const message = `'extends' must be a recipe's name or file, found ${show(base)}`;
    throw new RecipeError([{ place: base.place, message }]);
  }
  const below = readChain(findRecipe(base.value, base.place), base.place, [...above, real], issues);
  return mergeRecipes(below, without(tree, 'extends'));
}

/** A user who gives a text instead of a recipe wants to train on it: say how, without YAML errors. */
function readMap(file: string, askedAt: Place, issues: RecipeIssue[]): MapTree {
  const isYaml = /\.ya?ml$/.test(file);
  try {
    const { tree, issues: found } = readTree(file, askedAt);
    if (!isYaml && found.length > 0) throw new RecipeError(found);
    issues.push(...found);
    if (tree.kind === 'map') return tree;
    throw new RecipeError([{ place: tree.place, message: `a recipe must be a map, found ${show(tree)}` }]);
  } catch (error) {
    // Mistakes in the file have a line there; what can't be read at all has none.
    if (isYaml || !(error instanceof RecipeError) || error.issues[0]?.place.line === askedAt.line)
      throw error;
    const name = shown(file);
    const message = `${name} is not a recipe; to train on it as a text: ${commandLine`train v61 --data ${name}`}`;
    throw new RecipeError([{ place: askedAt, message }], error);
  }
}

function readTree(file: string, place: Place): ReturnType<typeof parseYaml> {
  const source = shown(file);
  try {
    const refused = unreadable(file);
    if (refused) throw new RecipeError([{ place, message: `${source} can't be a recipe: ${refused}` }]);
    const text = decode(readFileSync(file));
    const dir = dirname(file);
    const locate: Locate = (line, column) => ({
      text: `${source}:${line}:${column}`,
      source,
      dir,
      line,
      column,
    });
    if (text === undefined) {
      throw new RecipeError([{ place: locate(1, 1), message: 'the file is not text in UTF-8' }]);
    }
    return parseYaml(text, locate);
  } catch (error) {
    throw fileError(error, 'Cannot read the recipe', source);
  }
}

/** Why reading a file is of no use. */
function unreadable(file: string): string | undefined {
  const stat = statSync(file);
  if (stat.isDirectory()) {
    const inside = join(file, 'recipe.yaml');
    return `it is a folder${existsSync(inside) ? `; did you mean '${shown(inside)}'?` : ''}`;
  }
  if (!stat.isFile()) return 'it is not a regular file';
  return stat.size > MAX_BYTES ? `it has ${formatBytes(stat.size)}` : undefined;
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    // Also drops a byte-order mark, which would shift the columns of the first line.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** A path as errors show it: relative where that is shorter to read. */
export function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') || isAbsolute(short) ? path : short;
}
