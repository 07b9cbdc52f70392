import { z } from 'zod';
import { type Component, type Kind, MODEL_KINDS, type ModelKind } from '../core/component.ts';
import { type Slot, slotOf } from '../core/slots.ts';
import type { Registry } from './registry.ts';
import { FILE_KEYS, fullSchema, RECIPE } from './schema.ts';

type Json = Record<string, unknown>;

/**
 * The JSON Schema (draft 2020-12) of recipes for editors, made of the same zod schemas that check them and of the
 * registry's components.
 */
export function recipeJsonSchema(registry: Registry): Json {
  const { $schema, ...recipe } = toJson(
    z.strictObject({ ...FILE_KEYS, ...RECIPE.shape }).partial(FILE_KEY_MASK),
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
      model: { type: 'array', minItems: 1, items: { anyOf: MODEL_KINDS.map((kind) => ref(kind)) } },
      layers: { type: 'array', minItems: 1, items: ref('layer') },
      ...Object.fromEntries(MODEL_KINDS.map((kind) => [kind, entries(registry.all(kind))])),
      ...Object.fromEntries(components.map((kind) => [kind, typed(kind, registry.all(kind))])),
    },
  };
}

const FILE_KEY_MASK = { $schema: true, extends: true } as const;

/** The text of `recipe.schema.json`. */
export function recipeJsonSchemaText(registry: Registry): string {
  return `${JSON.stringify(recipeJsonSchema(registry), null, 2)}\n`;
}

/** The entries that a list of layers may have: names alone, and maps from a name to its options. */
function entries(components: readonly Component<ModelKind>[]): Json {
  const bare = components.filter(({ main, schema }) => main === undefined && schema.safeParse({}).success);
  return {
    anyOf: [
      ...bare.map(({ type, summary }) => ({ const: type, description: summary })),
      ...components.map((component) => layerMap(component)),
    ],
  };
}

function layerMap(component: Component<ModelKind>): Json {
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
  if (types.length === 0) return { not: {}, description: `There is no ${kind} yet.` };
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

const optionsOf = (component: Component): Json => toJson(fullSchema(component));

function object(properties: Json, required: readonly string[] | undefined): Json {
  return { type: 'object', properties, ...(required?.length && { required }), additionalProperties: false };
}

function toJson(schema: z.ZodType): Json {
  return z.toJSONSchema(schema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const slot = slotOf(zodSchema as unknown as z.ZodType);
      if (!slot) return;
      const { description, default: value } = jsonSchema;
      for (const key of Object.keys(jsonSchema)) delete (jsonSchema as Json)[key];
      Object.assign(jsonSchema, slotJson(slot), { description, default: value });
    },
  }) as Json;
}

function slotJson(slot: Slot): Json {
  if (slot.holds === 'component') return ref(slot.kind);
  return slot.holds === 'components' ? { type: 'array', items: ref(slot.kind) } : ref(slot.holds);
}

const ref = (name: string): Json => ({ $ref: `#/$defs/${name}` });
