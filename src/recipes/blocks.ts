import type { Entry, ListTree, MapTree, Tree } from '../core/recipe-tree.ts';
import type { MistakeList } from './errors.ts';
import { explain, unknownKey } from './explain.ts';
import { NAME, POSITIONAL, substitute } from './formula.ts';
import { BLOCK } from './schema.ts';
import { entry, show, toPlain, without } from './tree.ts';

/** A block's name begins with a capital letter, so that none is ever taken for a layer, a plugin's or one to come. */
export const BLOCK_NAME = /^[A-Z][A-Za-z0-9_]*$/;

/** A list of layers with a name, and holes in it. */
export interface Block {
  readonly name: string;
  /** Defaults; null where a use must give the value. */
  readonly parameters: ReadonlyMap<string, Entry>;
  /** Undefined where the block is wrong, which is reported once. */
  readonly layers: ListTree | undefined;
}

/** A recipe's `blocks`. Mistakes are reported. */
export function readBlocks(recipe: MapTree, mistakes: MistakeList): ReadonlyMap<string, Block> {
  const blocks = new Map<string, Block>();
  const tree = entry(recipe, 'blocks')?.value;
  if (!tree) return blocks;
  if (tree.kind !== 'map') {
    mistakes.report(tree.place, `'blocks' must be a map, found ${show(tree)}`);
    return blocks;
  }
  for (const [name, { place, value }] of tree.entries) {
    if (!BLOCK_NAME.test(name)) {
      mistakes.report(
        place,
        `a block's name is a capital letter, then letters, digits and _, found '${name}'`,
      );
      continue;
    }
    const result = BLOCK.safeParse(toPlain(value));
    if (!result.success) {
      mistakes.issues.push(...explain(result.error.issues, BLOCK, value, { name: `blocks.${name}` }));
      blocks.set(name, wrongBlock(name));
      continue;
    }
    const parameters = entry(value, 'parameters')?.value;
    const given = parameters?.kind === 'map' ? parameters.entries : new Map<string, Entry>();
    for (const [parameter, { place }] of given) {
      if (NAME.test(parameter) && !['name', ...POSITIONAL].includes(parameter)) continue;
      mistakes.report(place, `'${parameter}' can't be the name of a parameter`);
    }
    blocks.set(name, { name, parameters: given, layers: entry(value, 'layers')!.value as ListTree });
  }
  const cycle = cycleOf(blocks);
  for (const name of cycle) blocks.set(name, wrongBlock(name));
  if (cycle.length > 0) {
    const { place } = entry(tree, cycle[0]!)!;
    mistakes.report(place, `blocks form a cycle: ${[...cycle, cycle[0]].join(' -> ')}`);
  }
  return blocks;
}

/** In place of a block that can't be used. */
export function wrongBlock(name: string): Block {
  return { name, parameters: new Map(), layers: undefined };
}

/** The blocks of one cycle, each of which uses the next; empty without a cycle. */
function cycleOf(blocks: ReadonlyMap<string, Block>): readonly string[] {
  const uses = new Map([...blocks].map(([name, block]) => [name, [...usedIn(block)]]));
  const done = new Set<string>();
  const search = (name: string, path: readonly string[]): readonly string[] => {
    if (path.includes(name)) return path.slice(path.indexOf(name));
    if (done.has(name)) return [];
    for (const next of uses.get(name) ?? []) {
      const found = search(next, [...path, name]);
      if (found.length > 0) return found;
    }
    done.add(name);
    return [];
  };
  for (const name of blocks.keys()) {
    const found = search(name, []);
    if (found.length > 0) return found;
  }
  return [];
}

/** The names that entries of lists in a block have, whether they are blocks or not. */
function usedIn({ layers, parameters }: Block): Set<string> {
  const names = new Set<string>();
  const visit = (tree: Tree): void => {
    if (tree.kind === 'map') for (const { value } of tree.entries.values()) visit(value);
    if (tree.kind !== 'list') return;
    for (const item of tree.items) {
      const name = item.kind === 'map' ? [...item.entries.keys()][0] : item.kind === 'scalar' && item.value;
      if (typeof name === 'string') names.add(name);
      visit(item);
    }
  };
  if (layers) visit(layers);
  for (const { value } of parameters.values()) visit(value);
  return names;
}

/**
 * A block's layers with what a use of it gives, or else the defaults, in place of its parameters. Undefined where the use
 * is wrong; that is reported.
 */
export function fillBlock(block: Block, use: MapTree, mistakes: MistakeList): ListTree | undefined {
  if (!block.layers) return undefined;
  const values = new Map<string, Tree>();
  const known = [...block.parameters.keys()];
  for (const key of without(use, 'name', ...known).entries.keys()) {
    mistakes.issues.push(unknownKey(key, ['name', ...known], use, block.name));
  }
  let isComplete = true;
  for (const [name, { value: initial }] of block.parameters) {
    const value = use.entries.get(name)?.value ?? initial;
    if (value.kind === 'scalar' && value.value === null) {
      mistakes.report(use.place, `'${name}' is missing in ${block.name}`);
      isComplete = false;
    }
    values.set(name, value);
  }
  return isComplete ? (fill(block.layers, values) as ListTree) : undefined;
}

/** `tree` with `values` for the names after `$`: whole values, and numbers or formulas inside formulas. */
function fill(tree: Tree, values: ReadonlyMap<string, Tree>): Tree {
  if (tree.kind === 'list') return { ...tree, items: tree.items.map((item) => fill(item, values)) };
  if (tree.kind === 'map') {
    const entries = [...tree.entries].map(([key, e]): [string, Entry] => [
      key,
      { ...e, value: fill(e.value, values) },
    ]);
    return { ...tree, entries: new Map(entries) };
  }
  if (typeof tree.value !== 'string' || !tree.value.includes('$')) return tree;
  const whole = values.get(tree.value.slice(1));
  if (whole && tree.value.startsWith('$')) return whole;
  return { ...tree, value: substitute(tree.value, textOf(values)), formula: tree.value };
}

/** The values that may be in a formula. */
function textOf(values: ReadonlyMap<string, Tree>): ReadonlyMap<string, number | string> {
  const texts = new Map<string, number | string>();
  for (const [name, tree] of values) {
    if (tree.kind !== 'scalar') continue;
    if (typeof tree.value === 'number' || typeof tree.value === 'string') texts.set(name, tree.value);
  }
  return texts;
}
