import { Document, isScalar, visit } from 'yaml';
import { ENTRY_KINDS, type ModelKind, type Spec } from '../core/component.ts';
import type { Recipe } from './load.ts';
import { RECIPE } from './schema.ts';

/** The recipe with every default written out and every path absolute, as YAML that is itself a recipe. */
export function fillRecipe(recipe: Recipe): string {
  const plain = Object.fromEntries(
    Object.keys(RECIPE.shape).map((key) => [key, written(recipe[key as keyof Recipe])]),
  );
  const document = new Document(plain, { aliasDuplicateObjects: false });
  visit(document, {
    // What fits on a line is easier to compare with its neighbours there; entries of lists keep their own lines.
    Map: (position, node) => {
      if (typeof position === 'string' && fits(node)) node.flow = true;
    },
    Seq: (_, node) => {
      if (fits(node) && node.items.every((item) => isScalar(item) && typeof item.value === 'number'))
        node.flow = true;
    },
  });
  return document.toString({ lineWidth: 120, flowCollectionPadding: true });
}

const fits = (node: { toJSON(): unknown }): boolean => JSON.stringify(node.toJSON()).length <= 90;

/** A value as a recipe writes it. */
function written(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(written);
  if (typeof value !== 'object' || value === null) return value;
  return isSpec(value) ? writtenSpec(value) : mapValues(value);
}

function writtenSpec({ component, options, common, open }: Spec): unknown {
  const { kind, type, main } = component;
  const own = mapValues(options);
  for (const { path, text } of open?.formulas ?? []) putAt(own, path, text);
  if (!(ENTRY_KINDS as readonly string[]).includes(kind)) return { type, ...own, ...mapValues(common) };
  const all = { ...mapValues(common), ...own };
  if (main === undefined) return Object.keys(all).length > 0 ? { [type]: all } : type;
  const { [main]: first, ...rest } = all;
  return { [type]: first, ...rest };
}

function mapValues(values: object): Record<string, unknown> {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([key, value]) => [key, written(value)]));
}

function putAt(values: Record<string, unknown>, [key, ...rest]: readonly string[], text: string): void {
  if (rest.length === 0) values[key!] = text;
  else putAt(values[key!] as Record<string, unknown>, rest, text);
}

function isSpec(value: object): value is Spec<ModelKind> {
  return 'component' in value && 'options' in value;
}
