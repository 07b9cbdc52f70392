import type { z } from 'zod';
import type { Entry, MapTree, RecipeIssue, Tree } from '../core/recipe-tree.ts';
import { unwrap } from '../core/slots.ts';
import { nearest } from './nearest.ts';
import { entry, find, placeOf, show } from './tree.ts';

type Issue = z.core.$ZodIssue;

/** What is checked: what people call it (`sgd`), and the option that is written right after its name. */
export interface Subject {
  readonly name: string;
  readonly main?: string;
}

/** What zod found wrong with `tree`, in a person's words and with places. */
export function explain(
  issues: readonly Issue[],
  schema: z.ZodType,
  tree: Tree,
  subject: Subject,
): RecipeIssue[] {
  const explained = issues.flatMap((issue) => explainOne(issue, schema, tree, subject));
  const meant = new Set(explained.map(({ nearest }) => nearest));
  // `otu` for `out` is one mistake, not an unknown key and a missing one.
  return explained.filter(({ missing }) => missing === undefined || !meant.has(missing));
}

/** `missing`: the key that is not there. */
interface Explained extends RecipeIssue {
  readonly missing?: string;
}

function explainOne(issue: Issue, schema: z.ZodType, tree: Tree, subject: Subject): Explained[] {
  const { path } = issue;
  const { name, main } = subject;
  const at = find(tree, path);
  const shownPath = path.map((key, i) => (i === 0 && key === main ? name : key));
  const inside = path.length ? `'${shownPath.join('.')}'` : name;
  if (issue.code === 'unrecognized_keys') {
    const known = keysOf(schemaAt(schema, path));
    return issue.keys.map((key) => unknownKey(key, known, at ?? tree, inside));
  }
  if (issue.code === 'invalid_union') {
    const fitting = bestBranch(issue.errors);
    if (fitting && at) {
      const whole = fitting.map((inner) => ({ ...inner, path: [...path, ...inner.path] }) as Issue);
      return explain(whole, schema, tree, subject);
    }
  }
  const place = placeOf(tree, path);
  if (!at && path.length) {
    return [{ place, message: `${inside} is missing in ${name}`, missing: String(path.at(-1)) }];
  }
  if (at?.kind === 'map' && path.length === 1 && path[0] === main)
    return [{ place, message: besideMain(name, main, at) }];
  const message = `${inside} ${requirement(issue)}, found ${show(at)}`;
  return [{ place, message, nearest: nearestChoice(issue, at) }];
}

/** What to write in place of `attention: { heads: 4, rope: false }`. */
function besideMain(name: string, main: string, { entries }: MapTree): string {
  const text = ({ value }: Entry): string =>
    value.kind === 'scalar' ? String(value.formula ?? value.value) : '...';
  const own = entries.get(main);
  const others = [...entries].filter(([key]) => key !== main).map(([key, entry]) => `${key}: ${text(entry)}`);
  const written = [`${name}: ${own ? text(own) : '...'}`, ...others].join(', ');
  return `'${name}' is followed by its ${main}, and other options are beside it: write { ${written} }`;
}

/** A key that the schema does not know. */
export function unknownKey(key: string, known: readonly string[], tree: Tree, subject: string): RecipeIssue {
  const place = entry(tree, key)?.place ?? tree.place;
  const near = nearest(key, known);
  const short = key.length > 40 ? `${key.slice(0, 37)}...` : key;
  const expected = known.length ? `, expected ${list(known)}` : ', which has no options';
  return { place, message: `unknown key '${short}' in ${subject}${near ? '' : expected}`, nearest: near };
}

/** A name that is none of those there are. */
export function unknownName(what: string, name: Tree, known: readonly string[]): RecipeIssue {
  const near = name.kind === 'scalar' ? nearest(String(name.value), known) : undefined;
  const expected = known.length ? `, expected ${list(known)}` : '';
  return {
    place: name.place,
    message: `unknown ${what} ${show(name)}${near ? '' : expected}`,
    nearest: near,
  };
}

const WORDS: Readonly<Record<string, string>> = {
  number: 'a number',
  int: 'a whole number',
  string: 'text',
  boolean: 'true or false',
  object: 'a map',
  record: 'a map',
  array: 'a list',
  tuple: 'a list',
  null: 'null',
};

function requirement(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_format':
      return `has the wrong form: ${issue.message}`;
    case 'custom':
      return issue.message;
    default:
      return `must be ${expectation(issue)}`;
  }
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return WORDS[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return list(issue.values.map((v) => (typeof v === 'string' ? v : String(v))));
    case 'invalid_union':
      return [...new Set(issue.errors.flatMap((branch) => branch.slice(0, 1).map(expectation)))].join(' or ');
    case 'too_small':
      return size(issue.origin, issue.inclusive === false ? 'greater than' : 'at least', issue.minimum);
    case 'too_big':
      return size(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum);
    default:
      return issue.message;
  }
}

function size(origin: string, relation: string, limit: number | bigint): string {
  if (origin === 'array') return `a list of ${relation} ${limit} ${limit === 1 ? 'entry' : 'entries'}`;
  if (origin === 'string') return `text of ${relation} ${limit} ${limit === 1 ? 'character' : 'characters'}`;
  return `${relation} ${limit}`;
}

const list = (names: readonly string[]): string =>
  names.length > 1 ? `${names.slice(0, -1).join(', ')} or ${names.at(-1)}` : names.join('');

function nearestChoice(issue: Issue, at: Tree | undefined): string | undefined {
  if (at?.kind !== 'scalar' || typeof at.value !== 'string') return undefined;
  const found = at.value;
  const choices = (one: Issue): string[] => {
    if (one.code === 'invalid_value') return one.values.map(String);
    return one.code === 'invalid_union' ? one.errors.flat().flatMap(choices) : [];
  };
  return nearest(found, choices(issue));
}

/** Of a union's branches the one that was meant: right at the root, and with the fewest keys it does not know. */
function bestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const fitting = branches.filter((issues) => !issues.some(wrongAtRoot));
  const cost = (issues: readonly Issue[]): number =>
    issues.reduce((sum, one) => sum + (one.code === 'unrecognized_keys' ? 2 * one.keys.length : 1), 0);
  return fitting.sort((a, b) => cost(a) - cost(b))[0];
}

const wrongAtRoot = (issue: Issue): boolean => issue.path.length === 0 && issue.code !== 'unrecognized_keys';

/** The schemas that a value at `path` is checked by: several where a union is on the way. */
export function schemaAt(schema: z.ZodType, path: readonly PropertyKey[]): z.ZodType[] {
  const inner = unwrap(schema);
  if (inner !== schema) return schemaAt(inner, path);
  const def = schema.def as {
    shape?: Record<string, z.ZodType>;
    options?: readonly z.ZodType[];
    element?: z.ZodType;
    items?: readonly z.ZodType[];
    valueType?: z.ZodType;
  };
  if (def.options) return def.options.flatMap((option) => schemaAt(option, path));
  if (path.length === 0) return [schema];
  const key = path[0]!;
  const own = def.shape && Object.hasOwn(def.shape, key) ? def.shape[String(key)] : undefined;
  const next = own ?? def.element ?? def.items?.[Number(key)] ?? def.valueType;
  return next ? schemaAt(next, path.slice(1)) : [];
}

function keysOf(schemas: readonly z.ZodType[]): string[] {
  return [...new Set(schemas.flatMap((s) => Object.keys((s.def as { shape?: object }).shape ?? {})))];
}
