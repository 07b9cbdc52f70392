import type { Entry, MapTree, Place, Tree } from '../core/recipe-tree.ts';

/**
 * A recipe on top of the one it extends: maps are merged key by key, everything else is replaced. A map whose `type`
 * changes is replaced too: the options of one optimiser mean nothing to another. `plugins` add up, because what is
 * inherited may need them.
 */
export function merge(base: Tree, change: Tree): Tree {
  if (base.kind !== 'map' || change.kind !== 'map') return change;
  const type = (tree: MapTree) => {
    const value = tree.entries.get('type')?.value;
    return value?.kind === 'scalar' ? value.value : undefined;
  };
  if (type(change) !== undefined && type(base) !== type(change)) return change;
  const entries = new Map(base.entries);
  for (const [key, entry] of change.entries) {
    const before = base.entries.get(key);
    const isMerged = before !== undefined && !WHOLE.includes(key);
    entries.set(key, isMerged ? { ...entry, value: merge(before.value, entry.value) } : entry);
  }
  return { ...change, entries };
}

/** The texts of `data`: a map there is one plugin's source with its options, and no two of them make one. */
const WHOLE: readonly string[] = ['source', 'valid'];

/** `merge` for whole recipes. */
export function mergeRecipes(base: MapTree, change: MapTree): MapTree {
  const merged = merge(base, change) as MapTree;
  const [before, after] = [base, change].map((tree) => tree.entries.get('plugins'));
  if (before?.value.kind !== 'list' || after?.value.kind !== 'list') return merged;
  const value: Tree = { ...after.value, items: [...before.value.items, ...after.value.items] };
  return { ...merged, entries: new Map([...merged.entries, ['plugins', { ...after, value }]]) };
}

/**
 * `tree` with `value` at `path` (keys and list indexes). Maps on the way are made where there are none, and the bare
 * name of a component becomes the map that it is short for. Returns what is wrong as text where the path leads nowhere.
 */
export function setAt(tree: Tree, path: readonly string[], value: Tree, place: Place): Tree | string {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (tree.kind === 'list') {
    const index = /^\d+$/.test(key) ? Number(key) : -1;
    const item = tree.items[index];
    if (!item)
      return `'${key}' is not an entry of a list of ${tree.items.length}: expected 0 to ${tree.items.length - 1}`;
    const inner = setAt(item, rest, value, place);
    if (typeof inner === 'string') return inner;
    return { ...tree, items: tree.items.map((old, i) => (i === index ? inner : old)) };
  }
  if (tree.kind === 'scalar' && tree.value !== null && tree.value !== key) {
    return `'${key}' is looked for inside ${JSON.stringify(tree.value)}, which has no keys`;
  }
  const entries: ReadonlyMap<string, Entry> = tree.kind === 'map' ? tree.entries : new Map();
  const before = entries.get(key)?.value ?? { kind: 'map' as const, place, entries: new Map() };
  const inner = setAt(before, rest, value, place);
  if (typeof inner === 'string') return inner;
  const entry: Entry = { place: entries.get(key)?.place ?? place, value: inner };
  return { kind: 'map', place: tree.place, entries: new Map([...entries, [key, entry]]) };
}
