import type { z } from 'zod';
import { type Component, type Kind, MODEL_KINDS, type ModelKind, type Spec } from '../core/component.ts';
import { type Slot, slotOf } from '../core/slots.ts';
import { backendTree } from './backend-expression.ts';
import { type Place, RecipeError, type RecipeIssue } from './errors.ts';
import { explain, type Subject, unknownName } from './explain.ts';
import type { Registry } from './registry.ts';
import { COMMON, fullSchema } from './schema.ts';
import { type Entry, entry, type MapTree, show, type Tree, toPlain, toTree, without } from './tree.ts';

/** Checks trees against schemas and the registry, and collects every mistake. */
export class RecipeReader {
  readonly issues: RecipeIssue[] = [];

  constructor(readonly registry: Registry) {}

  readonly report = (place: Place, message: string): void => {
    this.issues.push({ place, message });
  };

  /** @throws RecipeError if anything was reported. */
  finish(): void {
    if (this.issues.length > 0) throw new RecipeError(this.issues);
  }

  /**
   * The values of a strictObject, defaults filled in. What is not right is missing, so that the rest can be checked
   * further; `complete` says that only what stands in slots may be missing.
   */
  readObject(
    schema: z.ZodObject,
    tree: Tree,
    subject: Subject,
  ): { values: Record<string, unknown>; complete: boolean } {
    const plain = toPlain(tree) as Record<string, unknown> | null;
    const result = this.parse(schema, plain, tree, subject);
    if (!result) return { values: {}, complete: false };
    const values: Record<string, unknown> = { ...result.data };
    if (!result.success) {
      this.issues.push(...explain(result.error.issues, schema, tree, subject));
      for (const [key, field] of Object.entries(schema.shape)) {
        const alone = (field as z.ZodType).safeParse(plain?.[key]);
        if (alone.success) values[key] = alone.data;
      }
    }
    for (const [key, field] of Object.entries(schema.shape)) {
      const slot = slotOf(field);
      if (slot && values[key] !== undefined) {
        values[key] = this.readSlot(
          slot,
          entry(tree, key)?.value ?? toTree(values[key], tree.place),
          subject.name,
        );
      }
    }
    return { values, complete: result.success };
  }

  /** Undefined for a schema that throws: a plugin's may have code of its own. */
  private parse(schema: z.ZodObject, plain: unknown, tree: Tree, { name }: Subject) {
    try {
      return schema.safeParse(plain);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.report(tree.place, `the schema of '${name}' failed: ${message}`);
      return undefined;
    }
  }

  private readSlot(slot: Slot, tree: Tree, subject: string): unknown {
    const items = tree.kind === 'list' ? tree.items : [];
    switch (slot.holds) {
      case 'model':
        return items.map((item) => this.readLayer(item, MODEL_KINDS, 'the model'));
      case 'layers':
        return items.map((item) => this.readLayer(item, ['layer'], subject));
      case 'components':
        return items.map((item) => this.readComponent(slot.kind, item));
      case 'component':
        return this.readComponent(slot.kind, tree);
    }
  }

  /**
   * A component given by its name, as an expression (`native:avx2`) or as a map with `type`. Undefined where
   * its own options are not right; what stands in its slots may be missing all the same.
   */
  readComponent<K extends Kind>(kind: K, tree: Tree): Spec<K> | undefined {
    if (kind === 'backend' && tree.kind === 'scalar' && typeof tree.value === 'string') {
      const map = backendTree(tree.value, tree.place, this.registry, this.report);
      return map && this.readComponent(kind, map);
    }
    const name = tree.kind === 'scalar' ? tree : entry(tree, 'type')?.value;
    if (
      tree.kind === 'list' ||
      name?.kind === 'list' ||
      name?.kind === 'map' ||
      (name && name.value === null)
    ) {
      this.report(tree.place, `the ${kind} must be a name or a map with 'type', found ${show(name ?? tree)}`);
      return undefined;
    }
    if (!name) {
      this.report(tree.place, `'type' is missing in the ${kind}: ${this.registry.types(kind).join(', ')}`);
      return undefined;
    }
    const component = this.registry.get(kind, String(name.value));
    if (!component) {
      this.issues.push(unknownName(kind, name, this.registry.types(kind)));
      return undefined;
    }
    const written = tree.kind === 'map' ? without(tree, 'type') : emptyMap(tree.place);
    return this.readOptions(component, written, name.place);
  }

  /** An entry of a list of layers: a bare name, a map from the name to its options, or the name with its main option. */
  readLayer(tree: Tree, kinds: readonly ModelKind[], subject: string): Spec<ModelKind> | undefined {
    const found = this.findLayer(tree);
    if (!found) return undefined;
    const { component, name } = found;
    if (!kinds.includes(component.kind)) {
      this.report(name.place, `'${component.type}' is an ${component.kind}, which can't stand in ${subject}`);
      return undefined;
    }
    const written = this.layerOptions(component, tree, name);
    return written && this.readOptions(component, written, name.place);
  }

  /** Which layer an entry names, and where. */
  private findLayer(tree: Tree): { component: Component<ModelKind>; name: Entry } | undefined {
    const names: [string, Entry][] =
      tree.kind === 'map'
        ? [...tree.entries]
        : tree.kind === 'scalar' && typeof tree.value === 'string'
          ? [[tree.value, { place: tree.place, value: emptyMap(tree.place) }]]
          : [];
    if (names.length === 0) {
      this.report(tree.place, `an entry must be the name of a layer or a map from it, found ${show(tree)}`);
      return undefined;
    }
    for (const [type, name] of names) {
      const component = this.registry.getLayer(type);
      if (component) return { component, name };
    }
    const [type, name] = names[0]!;
    this.issues.push(unknownName('layer', toTree(type, name.place), this.registry.types(...MODEL_KINDS)));
    return undefined;
  }

  /** The options of an entry as one map, however it is written. */
  private layerOptions(component: Component, tree: Tree, name: Entry): MapTree | undefined {
    const { type, main } = component;
    if (tree.kind !== 'map') return emptyMap(name.place);
    if (main !== undefined) {
      const siblings = without(tree, type).entries;
      const own = siblings.get(main);
      if (own) this.report(own.place, `'${main}' is what stands behind '${type}:'`);
      return { ...tree, place: name.place, entries: new Map([[main, name], ...siblings]) };
    }
    for (const [key, { place }] of without(tree, type).entries) {
      this.report(
        place,
        `'${key}' stands beside '${type}': one entry is one layer, its options go inside it`,
      );
    }
    if (name.value.kind === 'map') return name.value;
    if (name.value.kind === 'scalar' && name.value.value === null) return emptyMap(name.place);
    this.report(name.value.place, `the options of ${type} must be a map, found ${show(name.value)}`);
    return undefined;
  }

  private readOptions<K extends Kind>(
    component: Component<K>,
    written: MapTree,
    place: Place,
  ): Spec<K> | undefined {
    const shared = COMMON[component.kind];
    const subject = { name: component.type, main: component.main };
    const { values, complete } = this.readObject(fullSchema(component), written, subject);
    if (!complete) return undefined;
    const split = (common: boolean) =>
      Object.fromEntries(
        Object.entries(values).filter(([key]) => Object.hasOwn(shared.shape, key) === common),
      );
    return { component, options: split(false), common: split(true), place, written };
  }
}

const emptyMap = (place: Place): MapTree => ({ kind: 'map', place, entries: new Map() });
