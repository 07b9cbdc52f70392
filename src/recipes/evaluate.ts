import type { z } from 'zod';
import type { Entry, RecipeIssue, ScalarTree, Tree } from '../core/recipe-tree.ts';
import { slotOf, unwrap } from '../core/slots.ts';
import { schemaAt } from './explain.ts';
import {
  COLUMNS,
  type Formula,
  FormulaError,
  isFormula,
  POSITIONAL,
  parseFormula,
  substitute,
  type Values,
} from './formula.ts';
import { nearest } from './nearest.ts';

/** What formulas may use where they are written. */
export interface Names {
  /** NaN for a size that is wrong: that has been reported, and what uses it is not wrong too. */
  readonly sizes: Values;
  /** A block's parameters: their values are in place already, and errors name them. */
  readonly parameters: readonly string[];
  /** The names that the layer's position decides. */
  readonly positional: readonly string[];
}

/** A formula whose value only the layer's position decides. */
export interface OpenFormula {
  readonly path: readonly string[];
  readonly formula: Formula;
  /** As written, with the values of all sizes in their places. */
  readonly text: string;
}

export interface Evaluated {
  /** The tree with numbers in place of formulas; those that are open, or wrong, are `STAND_IN`. */
  readonly tree: Tree;
  readonly open: readonly OpenFormula[];
  /** Where wrong formulas are. */
  readonly wrong: readonly (readonly string[])[];
  readonly issues: readonly RecipeIssue[];
}

/** Fits most options that are numbers, so that what else is wrong with a map is found at once. */
const STAND_IN = 1;

/** Computes the formulas of a component's options, or of a recipe's sections. Slots are left as they are. */
export function evaluate(schema: z.ZodObject, tree: Tree, names: Names): Evaluated {
  const open: OpenFormula[] = [];
  const wrong: (readonly string[])[] = [];
  const issues: RecipeIssue[] = [];

  const visit = (at: Tree, path: readonly string[]): Tree => {
    if (at.kind === 'scalar') return scalar(at, path);
    if (at.kind === 'list')
      return { ...at, items: at.items.map((item, i) => visit(item, [...path, String(i)])) };
    const entries = [...at.entries].map(([key, { place, value }]): [string, Entry] => {
      const isSlot = path.length === 0 && Object.hasOwn(schema.shape, key) && slotOf(schema.shape[key]);
      return [key, { place, value: isSlot ? value : visit(value, [...path, key]) }];
    });
    return { ...at, entries: new Map(entries) };
  };

  const scalar = (at: ScalarTree, path: readonly string[]): Tree => {
    const { value: text, place } = at;
    const isMeant = typeof text === 'string' && (at.formula !== undefined || isFormula(text));
    if (!isMeant || !wantsNumber(schemaAt(schema, path), text)) return at;
    try {
      const formula = parseFormula(text);
      const unknown = formula.names.find(
        (name) => !names.sizes.has(name) && !names.positional.includes(name),
      );
      if (unknown !== undefined) issues.push({ place, ...unknownSize(unknown, text, names) });
      else if (!usesWrong(formula, names.sizes)) {
        if (formula.names.every((name) => names.sizes.has(name)))
          return { ...at, value: formula.value(names.sizes), formula: text };
        const bound = substitute(text, names.sizes);
        open.push({ path, formula: parseFormula(bound), text: bound });
        return { ...at, value: STAND_IN, formula: text };
      }
    } catch (error) {
      if (!(error instanceof FormulaError)) throw error;
      issues.push({ place, message: `the formula '${text}' ${error.message}` });
    }
    wrong.push(path);
    return { ...at, value: STAND_IN, formula: text };
  };

  return { tree: visit(tree, []), open, wrong, issues };
}

/** Whether one of the sizes in a formula is wrong. */
export const usesWrong = ({ names }: Formula, sizes: Values): boolean =>
  names.some((name) => Number.isNaN(sizes.get(name)));

/** A text that fits, such as `auto`, is not a formula. */
function wantsNumber(schemas: readonly z.ZodType[], text: string): boolean {
  const [numbers, others] = [true, false].map((is) =>
    schemas.filter((s) => (unwrap(s).def.type === 'number') === is),
  );
  return numbers!.length > 0 && !others!.some((schema) => schema.safeParse(text).success);
}

export function unknownSize(
  name: string,
  text: string,
  names: Names,
): Pick<RecipeIssue, 'message' | 'nearest'> {
  if (name === COLUMNS) {
    return { message: `'${text}' is a multiple of the columns that come in, which only layers have` };
  }
  if (POSITIONAL.includes(name))
    return { message: `'$${name}' has a value only in the layers of a 'repeat'` };
  const known = [...names.sizes.keys(), ...names.parameters, ...names.positional].filter(
    (n) => n !== COLUMNS,
  );
  const near = nearest(name, known);
  const expected = known.length ? `expected ${known.map((n) => `$${n}`).join(', ')}` : "there are no 'sizes'";
  const where = text === `$${name}` ? '' : ` in '${text}'`;
  return near === undefined
    ? { message: `unknown size '$${name}'${where}, ${expected}` }
    : { message: `unknown size '$${name}'${where}`, nearest: `$${near}` };
}

/** An open formula's value where a layer is, or what is wrong with it. */
export function valueAt({ formula, text }: OpenFormula, position: Values): number | string {
  const lacking = formula.names.find((name) => !position.has(name));
  if (lacking !== undefined) {
    return unknownSize(lacking, text, { sizes: position, parameters: [], positional: [] }).message;
  }
  try {
    return formula.value(position);
  } catch (error) {
    if (!(error instanceof FormulaError)) throw error;
    return `the formula '${text}' ${error.message} here`;
  }
}
