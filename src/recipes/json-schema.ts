import { z } from 'zod';
import { type Component, ENTRY_KINDS, type Kind, MODEL_KINDS } from '../core/component.ts';
import { type Slot, slotOf } from '../core/slots.ts';
import { BLOCK_NAME } from './blocks.ts';
import type { Registry } from './registry.ts';
import { FILE_KEYS, fullSchema, RECIPE, WRITING } from './schema.ts';

type Json = Record<string, unknown>;

/**
 * The JSON Schema (draft 2020-12) of recipes for editors, made of the same zod schemas that check them and of the
 * registry's components.
 */
export function recipeJsonSchema(registry: Registry): Json {
  const { $schema, ...recipe } = toJson(
    z.strictObject({ ...FILE_KEYS, ...WRITING.shape, ...RECIPE.shape }).partial(FILE_KEY_MASK),
  );
  const required = recipe.required as string[];
  const components: readonly Kind[] = ['optimizer', 'schedule', 'backend', 'decorator'];
  return {
    $schema,
    title: 'FlashLM recipe',
    ...recipe,
    // What extends another recipe need not repeat it.
    required: undefined,
    if: { required: ['extends'] },
    else: { required: required.filter((key) => key !== 'name') },
    $defs: {
      model: {
        type: 'array',
        minItems: 1,
        items: { anyOf: [...MODEL_KINDS.map((kind) => ref(kind)), ref('block'), ref('layers'), ref('name')] },
      },
      // A block's parameter may be a whole list.
      layers: { anyOf: [{ type: 'array', minItems: 1, items: ref('entry') }, ref('name')] },
      entry: { anyOf: [ref('layer'), ref('block'), ref('layers')] },
      block: BLOCK_USE,
      formula: {
        type: 'string',
        pattern: '\\$|^[-(\\d.][-+*/().\\dx\\s]*$',
        description: 'A formula: 2*$d, $d/2, or 2x for twice the columns that come in.',
      },
      name: { type: 'string', pattern: '^\\$', description: "A block's parameter." },
      ...Object.fromEntries(ENTRY_KINDS.map((kind) => [kind, entries(kind, registry.all(kind))])),
      ...Object.fromEntries(components.map((kind) => [kind, typed(kind, registry.all(kind))])),
    },
  };
}

const FILE_KEY_MASK = { $schema: true, extends: true } as const;

/** The text of `recipe.schema.json`. */
export function recipeJsonSchemaText(registry: Registry): string {
  return `${JSON.stringify(recipeJsonSchema(registry), null, 2)}\n`;
}

/** The entries that a list of layers, or of another kind that is written so, may have: names alone, and maps from a name to its options. */
function entries(kind: Kind, components: readonly Component[]): Json {
  if (components.length === 0) return nothing(kind);
  const bare = components.filter(({ main, schema }) => main === undefined && schema.safeParse({}).success);
  return {
    anyOf: [
      ...bare.map(({ type, summary }) => ({ const: type, description: summary })),
      ...components.map((component) => layerMap(component)),
    ],
  };
}

function layerMap(component: Component): Json {
  const { type, main, summary } = component;
  const options = optionsOf(component);
  if (main === undefined) {
    const nullable = { anyOf: [options, { type: 'null' }] };
    const inner = (options.required as string[] | undefined)?.length ? options : nullable;
    return { ...object({ [type]: inner }, [type]), description: summary };
  }
  const { [main]: first, ...rest } = options.properties as Json;
  const required = ((options.required as string[] | undefined) ?? []).map((key) =>
    key === main ? type : key,
  );
  return { ...object({ [type]: first, ...rest }, required), description: summary };
}

/** A component of another kind: its name, or a map whose `type` decides which keys there may be. */
function typed(kind: Kind, components: readonly Component[]): Json {
  const types = components.map(({ type }) => type);
  if (types.length === 0) return nothing(kind);
  const map = {
    type: 'object',
    properties: { type: { enum: types } },
    allOf: components.map((component) => {
      const { properties, required } = optionsOf(component);
      const own = object({ type: { const: component.type }, ...(properties as Json) }, required as string[]);
      // biome-ignore lint/suspicious/noThenProperty: JSON Schema calls it that.
      return { if: { properties: { type: { const: component.type } }, required: ['type'] }, then: own };
    }),
  };
  return { anyOf: [kind === 'backend' ? { type: 'string' } : { enum: types }, map] };
}

const nothing = (kind: Kind): Json => ({ not: {}, description: `Only plugins add a ${kind}.` });

/** Layers in a block may use its parameters for any option. */
const optionsOf = (component: Component): Json =>
  toJson(fullSchema(component), (MODEL_KINDS as readonly Kind[]).includes(component.kind));

function object(properties: Json, required: readonly string[] | undefined): Json {
  return { type: 'object', properties, ...(required?.length && { required }), additionalProperties: false };
}

function toJson(schema: z.ZodType, inBlocks = false): Json {
  return z.toJSONSchema(schema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const slot = slotOf(zodSchema as unknown as z.ZodType);
      if (!slot) {
        const { type } = zodSchema._zod.def;
        if (type === 'number') orReference(jsonSchema as Json, 'formula');
        else if (inBlocks && (type === 'boolean' || type === 'enum')) orReference(jsonSchema as Json, 'name');
        return;
      }
      const { description, default: value } = jsonSchema;
      for (const key of Object.keys(jsonSchema)) delete (jsonSchema as Json)[key];
      Object.assign(jsonSchema, slotJson(slot), { description, default: value });
    },
  }) as Json;
}

/** Allows a reference beside what `schema` allows. */
function orReference(schema: Json, kind: 'formula' | 'name'): void {
  const { description, default: value, ...own } = schema;
  for (const key of Object.keys(schema)) delete schema[key];
  Object.assign(schema, { description, default: value, anyOf: [own, ref(kind)] });
}

function slotJson(slot: Slot): Json {
  if (slot.holds === 'component') return ref(slot.kind);
  if (slot.holds === 'entry') return { allOf: [{ type: 'object' }, ref(slot.kind)] };
  if (slot.holds === 'components' || slot.holds === 'entries')
    return { type: 'array', items: ref(slot.kind) };
  return ref(slot.holds);
}

/** Which blocks there are only the recipe says, but their names are unlike any layer's. */
const BLOCK_USE: Json = {
  description: "One of the recipe's blocks, with values for its parameters.",
  anyOf: [
    { type: 'string', pattern: BLOCK_NAME.source },
    {
      type: 'object',
      minProperties: 1,
      maxProperties: 1,
      patternProperties: { [BLOCK_NAME.source]: { type: ['object', 'null'] } },
      additionalProperties: false,
    },
  ],
};

const ref = (name: string): Json => ({ $ref: `#/$defs/${name}` });
