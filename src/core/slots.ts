import { z } from 'zod';
import type { Kind, LayerList, Spec } from './component.ts';

/**
 * A place in a schema for other components. zod checks the rest; the recipe reader fills a slot from the registry,
 * which a schema cannot know.
 */
export type Slot =
  /** A list of layers; `model` also has its input and objective. */
  | { readonly holds: 'layers' | 'model' }
  | { readonly holds: 'component' | 'components'; readonly kind: Kind }
  /** Written as layers are: a name, or a map from it to the options. */
  | { readonly holds: 'entry' | 'entries'; readonly kind: Kind };

/** An option that is a list of layers. */
export function layerList(description: string): z.ZodType<LayerList, unknown[]> {
  return slot({ holds: 'layers' }, z.array(z.unknown()).min(1), description);
}

/** The whole model: input layer, layers, objective. */
export function modelList(description: string): z.ZodType<LayerList, unknown[]> {
  return slot({ holds: 'model' }, z.array(z.unknown()).min(1), description);
}

/** An option that is a component: its name, or a map with its `type`. */
export function componentOf<K extends Kind>(kind: K, description: string): z.ZodType<Spec<K>, unknown> {
  return slot({ holds: 'component', kind }, z.union([z.string(), z.looseObject({})]), description);
}

/** A list of `componentOf`. */
export function componentsOf<K extends Kind>(
  kind: K,
  description: string,
): z.ZodType<readonly Spec<K>[], unknown[]> {
  return slot({ holds: 'components', kind }, z.array(z.unknown()), description);
}

/** An option that is a component, written as a map from its name to its options. */
export function entryOf<K extends Kind>(kind: K, description: string): z.ZodType<Spec<K>, object> {
  return slot({ holds: 'entry', kind }, z.looseObject({}), description);
}

/** A list of components, each written as a name or as a map from it to its options. */
export function entriesOf<K extends Kind>(
  kind: K,
  description: string,
): z.ZodType<readonly Spec<K>[], unknown[]> {
  return slot({ holds: 'entries', kind }, z.array(z.unknown()), description);
}

// zod's global registry, not a map of ours: a plugin may bring another copy of this module, and of zod.
function slot<S extends z.ZodType, T>(holds: Slot, schema: S, description: string): T {
  return schema.meta({ flashlmSlot: holds, description }) as unknown as T;
}

/** The slot that a schema is, under any default. */
export function slotOf(schema: z.ZodType): Slot | undefined {
  const meta = z.globalRegistry.get(schema) as { flashlmSlot?: Slot } | undefined;
  if (meta?.flashlmSlot) return meta.flashlmSlot;
  const inner = unwrap(schema);
  return inner === schema ? undefined : slotOf(inner);
}

/** A schema under one layer of default, optional, nullable and the like. */
export function unwrap(schema: z.ZodType): z.ZodType {
  const { innerType, in: input } = schema.def as { innerType?: z.ZodType; in?: z.ZodType };
  return innerType ?? input ?? schema;
}

/** A schema under all of them. */
export function innermost(schema: z.ZodType): z.ZodType {
  const inner = unwrap(schema);
  return inner === schema ? schema : innermost(inner);
}

/** The slot of `value`: where a schema has alternatives, only a map belongs to a slot. */
export function slotFor(schema: z.ZodType, value: unknown): Slot | undefined {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  const { options = [] } = innermost(schema).def as { options?: readonly z.ZodType[] };
  return slotOf(schema) ?? (isMap ? options.map(slotOf).find((slot) => slot !== undefined) : undefined);
}
