// The tables of docs/recipes.md, made from the schemas that check recipes.
import { z } from 'zod';
import { type Kind, MODEL_KINDS } from '../src/core/component.ts';
import { innermost, slotOf } from '../src/core/slots.ts';
import type { Registry } from '../src/recipes/registry.ts';
import { FILE_KEYS, RECIPE, WRITING } from '../src/recipes/schema.ts';

/** `text` with the tables between `<!-- table: NAME -->` and `<!-- end of table -->` brought up to date. */
export function withTables(text: string, registry: Registry): string {
  const tables: Readonly<Record<string, () => string>> = {
    layers: () => components(registry, ...MODEL_KINDS),
    optimizers: () => components(registry, 'optimizer'),
    schedules: () => components(registry, 'schedule'),
    keys,
  };
  return text.replace(
    /(<!-- table: (\w+) -->\n\n).*?\n(?=\n<!-- end of table -->)/gs,
    (_, head: string, name: string) => {
      const table = tables[name];
      if (!table) throw new Error(`there is no table '${name}'`);
      return `${head}${table()}`;
    },
  );
}

function components(registry: Registry, ...kinds: readonly Kind[]): string {
  const rows = registry.all(...kinds).map((component) => {
    const { type, main, summary } = component;
    const options = Object.entries(component.schema.shape).map(
      ([key, schema]) =>
        `${code(key === main ? `${type}: ${key}` : key)}${ending(schema)}: ${meaning(schema)}`,
    );
    return [code(type), summary, options.join('<br>')];
  });
  return table(['name', 'is', 'options (default)'], rows);
}

function keys(): string {
  const { $schema, ...file } = FILE_KEYS;
  return table(
    ['key', 'default', 'meaning'],
    [...rows(z.object(file).partial().shape), ...rows(WRITING.shape), ...rows(RECIPE.shape)],
  );
}

function rows(shape: z.core.$ZodShape, above = ''): string[][] {
  return Object.entries(shape).flatMap(([key, field]) => {
    const schema = field as z.ZodType;
    const inside = innermost(schema);
    if (inside instanceof z.ZodObject && !slotOf(schema)) return rows(inside.shape, `${above}${key}.`);
    const value = defaultOf(schema);
    const needed = schema.safeParse(undefined).success ? '' : 'required';
    const isName = above === '' && key === 'name';
    const shown = isName
      ? "the inherited one, else the file's name"
      : value === undefined
        ? needed
        : code(show(value));
    return [[code(`${above}${key}`), shown, meaning(schema)]];
  });
}

/** What is described, and what there is to choose from. */
function meaning(schema: z.core.$ZodType): string {
  const described = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  const text = String(described.description ?? '');
  const choices = choicesOf(schema as z.ZodType);
  return choices.length > 1 ? `${text} One of ${choices.map(code).join(', ')}.` : text;
}

function ending(schema: z.core.$ZodType): string {
  const value = defaultOf(schema);
  return value === undefined ? '' : ` (${code(show(value))})`;
}

function choicesOf(schema: z.ZodType): string[] {
  const inside = innermost(schema);
  if (inside instanceof z.ZodEnum) return inside.options.map(String);
  return [];
}

function defaultOf(schema: z.core.$ZodType): unknown {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }).default;
}

/** As a recipe writes it. */
function show(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const { type, ...rest } = value as Record<string, unknown>;
  const pairs = Object.entries(rest).map(([key, inner]) => `${key}: ${show(inner)}`);
  return type !== undefined && pairs.length === 0 ? String(type) : `{ ${pairs.join(', ')} }`;
}

const code = (text: string): string => `\`${text}\``;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line), ''].join('\n');
}
