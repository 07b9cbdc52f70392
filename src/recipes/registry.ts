import type { z } from 'zod';
import { type Component, KINDS, type Kind, MODEL_KINDS, type ModelKind } from '../core/component.ts';
import { FlashError } from '../core/errors.ts';
import { COMMON } from './schema.ts';

/** Adds a component to a registry. */
export type Add = <K extends Kind, S extends z.ZodObject>(component: Component<K, S>) => void;

/** The default export of a plugin's module. */
export interface Plugin {
  readonly name: string;
  register(add: Add): void;
}

/** The components that a recipe can name. */
export class Registry {
  private readonly components = new Map<string, { readonly component: Component; readonly plugin: string }>();

  /**
   * Adds a plugin's components.
   * @throws FlashError for a component that does not keep to the contract, or whose name is taken, naming both plugins.
   */
  use(plugin: Plugin): void {
    try {
      plugin.register((component) => this.add(component as unknown as Component, plugin.name));
    } catch (error) {
      if (error instanceof FlashError) throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw new FlashError(`plugin '${plugin.name}': register failed: ${message}`, { cause: error });
    }
  }

  get<K extends Kind>(kind: K, type: string): Component<K> | undefined {
    return this.components.get(key(kind, type))?.component as Component<K> | undefined;
  }

  /** The input layer, layer or objective called `type`. */
  getLayer(type: string): Component<ModelKind> | undefined {
    const found = MODEL_KINDS.map((kind) => this.get(kind, type)).find((c) => c !== undefined);
    return found as Component<ModelKind> | undefined;
  }

  /** All components of some kinds, in the order in which they were added. */
  all<K extends Kind>(...kinds: readonly K[]): Component<K>[] {
    const components = [...this.components.values()].map(({ component }) => component);
    return components.filter((c): c is Component<K> => (kinds as readonly Kind[]).includes(c.kind));
  }

  /** The names of all components of some kinds. */
  types(...kinds: readonly Kind[]): string[] {
    return this.all(...kinds).map(({ type }) => type);
  }

  private add(component: Component, plugin: string): void {
    const wrong = breach(component);
    if (wrong) throw new FlashError(`plugin '${plugin}': component '${component?.type}': ${wrong}`);
    const { kind, type } = component;
    const kinds: readonly Kind[] = isModelKind(kind) ? MODEL_KINDS : [kind];
    for (const taken of kinds.map((k) => this.components.get(key(k, type)))) {
      if (!taken) continue;
      const [what, owner] = [`${taken.component.kind} '${type}'`, taken.plugin];
      throw new FlashError(`plugin '${plugin}': the ${what} is already registered by plugin '${owner}'`, {
        remedy: 'Give it another type.',
      });
    }
    this.components.set(key(kind, type), { component, plugin });
  }
}

const key = (kind: Kind, type: string): string => `${kind} ${type}`;

function isModelKind(kind: Kind): kind is ModelKind {
  return (MODEL_KINDS as readonly Kind[]).includes(kind);
}

/** What a plugin written in JavaScript, or against another version, may get wrong. */
function breach(c: Component): string | undefined {
  if (!KINDS.includes(c?.kind)) return `kind is '${c?.kind}', expected one of ${KINDS.join(', ')}`;
  if (!/^[a-z][a-z0-9_]*$/.test(c.type)) return 'type must be lower-case letters, digits and _';
  const def = c.schema?.def as { type?: string; catchall?: z.ZodType } | undefined;
  if (def?.type !== 'object' || def.catchall?.def.type !== 'never')
    return 'schema must be a zod strictObject';
  const reserved = ['type', ...Object.keys(COMMON[c.kind].shape)].find((name) =>
    Object.hasOwn(c.schema.shape, name),
  );
  if (reserved) return `the option '${reserved}' belongs to every ${c.kind}`;
  if (c.main !== undefined && !Object.hasOwn(c.schema.shape, c.main))
    return `main is '${c.main}', which is not an option`;
  if (!Array.isArray(c.examples) || c.examples.length === 0) return 'at least one example is needed';
  if (typeof c.create !== 'function') return 'create must be a function';
  return undefined;
}
