import type { Entry, MapTree, Tree } from '../core/recipe-tree.ts';
import type { MistakeList } from './errors.ts';
import { type Names, unknownSize, usesWrong } from './evaluate.ts';
import { explain } from './explain.ts';
import {
  type Formula,
  FormulaError,
  isFormula,
  NAME,
  POSITIONAL,
  parseFormula,
  type Values,
} from './formula.ts';
import { nearest } from './nearest.ts';
import { WRITING } from './schema.ts';
import { entry, toPlain } from './tree.ts';

const SCHEMA = WRITING.pick({ sizes: true });

const isSize = (value: unknown): value is number => SCHEMA.safeParse({ sizes: { any: value } }).success;

/**
 * The values of a recipe's `sizes`. One may be computed from others, in any order: `ffn: 2*$d`. Mistakes are reported,
 * and the values of those sizes are NaN.
 */
export function readSizes(recipe: MapTree, mistakes: MistakeList): Values {
  const sizes = entry(recipe, 'sizes');
  const written = sizes?.value.kind === 'map' ? sizes.value.entries : new Map<string, Entry>();
  const numbers = new Map<string, Entry>();
  const formulas = new Map<string, Formula>();
  const values = new Map<string, number>();
  for (const [name, { place, value }] of written) {
    if (!NAME.test(name) || POSITIONAL.includes(name)) {
      const why = POSITIONAL.includes(name) ? 'it has a meaning already' : 'expected letters, digits and _';
      mistakes.report(place, `'${name}' can't be the name of a size: ${why}`);
    } else if (value.kind === 'scalar' && typeof value.value === 'string' && isFormula(value.value)) {
      try {
        formulas.set(name, parseFormula(value.value));
      } catch (error) {
        if (!(error instanceof FormulaError)) throw error;
        mistakes.report(value.place, `the formula '${value.value}' ${error.message}`);
        values.set(name, Number.NaN);
      }
    } else numbers.set(name, { place, value });
  }
  for (const [name, { value }] of numbers) {
    const number = value.kind === 'scalar' ? value.value : null;
    values.set(name, isSize(number) ? number : Number.NaN);
  }
  compute(formulas, values, written, numbers, mistakes);
  for (const name of formulas.keys()) if (!isSize(values.get(name))) values.set(name, Number.NaN);
  const tree: Tree | undefined =
    sizes && (sizes.value.kind === 'map' ? { ...sizes.value, entries: numbers } : sizes.value);
  const whole: Tree = {
    kind: 'map',
    place: recipe.place,
    entries: new Map(tree && [['sizes', { ...sizes!, value: tree }]]),
  };
  const result = SCHEMA.safeParse(toPlain(whole));
  if (!result.success)
    mistakes.issues.push(...explain(result.error.issues, SCHEMA, whole, { name: 'the recipe' }));
  reportUnused(values, recipe, mistakes);
  return values;
}

/** Computes each formula once all sizes in it have values. Those left over are in a cycle or use unknown sizes. */
function compute(
  formulas: ReadonlyMap<string, Formula>,
  values: Map<string, number>,
  written: ReadonlyMap<string, Entry>,
  numbers: Map<string, Entry>,
  mistakes: MistakeList,
): void {
  const left = new Map(formulas);
  const isReady = ([, { names }]: [string, Formula]) => names.every((name) => values.has(name));
  for (let ready = [...left].filter(isReady); ready.length > 0; ready = [...left].filter(isReady)) {
    for (const [name, formula] of ready) {
      left.delete(name);
      values.set(name, Number.NaN);
      if (usesWrong(formula, values)) continue;
      const { place, value } = written.get(name)!;
      const text = String((value as { value?: unknown }).value);
      try {
        const number = formula.value(values);
        values.set(name, number);
        numbers.set(name, {
          place,
          value: { kind: 'scalar', place: value.place, value: number, formula: text },
        });
      } catch (error) {
        if (!(error instanceof FormulaError)) throw error;
        mistakes.report(value.place, `the formula '${text}' ${error.message}`);
      }
    }
  }
  const known: Names = {
    sizes: new Map([...written.keys()].map((name) => [name, 0])),
    parameters: [],
    positional: [],
  };
  let told = false;
  for (const [name, { names }] of left) {
    const { value } = written.get(name)!;
    const unknown = names.find((other) => !written.has(other));
    if (unknown !== undefined) {
      const text = String((value as { value?: unknown }).value);
      mistakes.issues.push({ place: value.place, ...unknownSize(unknown, text, known) });
    }
    const cycle = cycleFrom(name, left);
    if (!cycle || told) continue;
    told = true;
    mistakes.report(value.place, `sizes form a cycle: ${cycle.map((n) => `$${n}`).join(' -> ')}`);
  }
}

function cycleFrom(start: string, formulas: ReadonlyMap<string, Formula>): string[] | undefined {
  const search = (name: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(name)) return name === start ? [...path, name] : undefined;
    for (const next of formulas.get(name)?.names ?? []) {
      const found = search(next, [...path, name]);
      if (found) return found;
    }
    return undefined;
  };
  return search(start, []);
}

/** What is inherited may be left over; a size that the recipe itself or the command line sets is meant for something. */
function reportUnused(values: Values, recipe: MapTree, mistakes: MistakeList): void {
  const used = namesIn(recipe);
  for (const name of values.keys()) {
    const { place } = entry(entry(recipe, 'sizes')!.value, name)!.value;
    if (used.has(name) || (place.line !== 0 && place.source !== recipe.place.source)) continue;
    const hint =
      used.size === 0 ? ' (a filled recipe, such as that of a run, has numbers in place of its sizes)' : '';
    const near = nearest(
      name,
      [...values.keys()].filter((other) => used.has(other)),
    );
    mistakes.issues.push({ place, message: `nothing uses the size '${name}'${hint}`, nearest: near });
  }
}

/** Every name after a `$` anywhere in a tree. */
function namesIn(tree: Tree): Set<string> {
  if (tree.kind === 'list') return new Set(tree.items.flatMap((item) => [...namesIn(item)]));
  if (tree.kind === 'map')
    return new Set([...tree.entries.values()].flatMap(({ value }) => [...namesIn(value)]));
  return new Set([...String(tree.value).matchAll(/\$([A-Za-z]\w*)/g)].map(([, name]) => name!));
}
