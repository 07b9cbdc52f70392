import type { Entry, MapTree, Place, Scalar, Tree } from '../core/recipe-tree.ts';

/** The tree of a plain value (defaults, examples), all of it at one place. */
export function toTree(value: unknown, place: Place): Tree {
  if (Array.isArray(value)) return { kind: 'list', place, items: value.map((item) => toTree(item, place)) };
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
      .filter(([, v]) => v !== undefined)
      .map(([key, v]): [string, Entry] => [key, { place, value: toTree(v, place) }]);
    return { kind: 'map', place, entries: new Map(entries) };
  }
  return { kind: 'scalar', place, value: value as Scalar };
}

/** The plain value. Maps have no prototype, so that a key called `__proto__` is a key like any other. */
export function toPlain(tree: Tree): unknown {
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'list') return tree.items.map(toPlain);
  const map: Record<string, unknown> = Object.create(null);
  for (const [key, { value }] of tree.entries) map[key] = toPlain(value);
  return map;
}

/** The value at `path`; undefined where there is none. */
export function find(tree: Tree, path: readonly PropertyKey[]): Tree | undefined {
  let at: Tree | undefined = tree;
  for (const key of path) at = at && step(at, key);
  return at;
}

/** Where the value at `path` was written, or else what comes nearest above it. */
export function placeOf(tree: Tree, path: readonly PropertyKey[]): Place {
  let at = tree;
  for (const key of path) {
    const next = step(at, key);
    if (!next) break;
    at = next;
  }
  return at.place;
}

function step(tree: Tree, key: PropertyKey): Tree | undefined {
  if (tree.kind === 'list') return tree.items[Number(key)];
  return tree.kind === 'map' ? tree.entries.get(String(key))?.value : undefined;
}

export function entry(tree: Tree, key: string): Entry | undefined {
  return tree.kind === 'map' ? tree.entries.get(key) : undefined;
}

/** Where an option was written: its value, or its key where the value is a list or a map. */
export function optionPlace(tree: MapTree, key: string): Place {
  const found = tree.entries.get(key);
  if (!found) return tree.place;
  return found.value.kind === 'scalar' ? found.value.place : found.place;
}

/** `tree` without some keys. */
export function without(tree: MapTree, ...keys: readonly string[]): MapTree {
  return { ...tree, entries: new Map([...tree.entries].filter(([key]) => !keys.includes(key))) };
}

/** A value as an error shows it. */
export function show(tree: Tree | undefined): string {
  if (!tree) return 'nothing';
  if (tree.kind !== 'scalar') return `a ${tree.kind}`;
  if (tree.value === null) return 'nothing';
  const text = typeof tree.value === 'string' ? `'${tree.value}'` : String(tree.value);
  if (tree.formula !== undefined) return `${text} (${tree.formula})`;
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}
