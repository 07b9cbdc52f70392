import { z } from 'zod';
import {
  type Component,
  type Kind,
  MODEL_KINDS,
  type ModelKind,
  type OpenOptions,
  type Spec,
} from '../core/component.ts';
import type { Entry, ListTree, MapTree, Place, RecipeIssue, ScalarTree, Tree } from '../core/recipe-tree.ts';
import { innermost, type Slot, slotFor, slotOf } from '../core/slots.ts';
import { backendTree } from './backend-expression.ts';
import { BLOCK_NAME, type Block, fillBlock, wrongBlock } from './blocks.ts';
import { RecipeError } from './errors.ts';
import { evaluate, type OpenFormula, valueAt } from './evaluate.ts';
import { explain, type Subject, unknownName } from './explain.ts';
import { POSITIONAL, type Values } from './formula.ts';
import { setAt } from './merge.ts';
import type { Registry } from './registry.ts';
import { COMMON, fullSchema } from './schema.ts';
import { entry, find, show, toPlain, toTree, without } from './tree.ts';

/** Checks trees against schemas and the registry, and collects every mistake. */
export class RecipeReader {
  readonly issues: RecipeIssue[] = [];
  /** A plugin could not be loaded: a name that is not known may be one of its. */
  namesAreIncomplete = false;
  private readonly syntax: RecipeIssue[] = [];
  private sizes: Values = new Map();
  private blocks: ReadonlyMap<string, Block> = new Map();
  /** The block whose layers are being read. */
  private inside?: Block;
  private layers = 0;

  constructor(readonly registry: Registry) {}

  /** The names that whatever is read from now on may use. */
  use(sizes: Values, blocks: ReadonlyMap<string, Block>): void {
    this.sizes = sizes;
    this.blocks = blocks;
  }

  readonly report = (place: Place, message: string): void => {
    this.issues.push({ place, message });
  };

  /** Mistakes in the YAML, beside which the rest was checked. */
  reportSyntax(issues: readonly RecipeIssue[]): void {
    this.syntax.push(...issues);
  }

  /** @throws RecipeError if anything was reported. */
  finish(): void {
    // A value at a syntax error is not what was meant.
    const told = new Set(this.syntax.map(({ place }) => place.text));
    const rest = this.issues.filter(({ place }) => place.line === 0 || !told.has(place.text));
    const issues = [...this.syntax, ...rest];
    if (issues.length > 0) throw new RecipeError(issues);
  }

  /**
   * The values of a strictObject, defaults filled in. What is not right is missing, so that the rest can be checked
   * further; `complete` says that only values of slots may be missing.
   */
  readObject(
    schema: z.ZodObject,
    written: Tree,
    subject: Subject,
    positional: readonly string[] = [],
  ): ReadObject {
    const parameters = [...(this.inside?.parameters.keys() ?? [])];
    const { tree, open, wrong, issues } = evaluate(schema, written, {
      sizes: this.sizes,
      parameters,
      positional,
    });
    this.issues.push(...issues);
    const plain = toPlain(tree) as Record<string, unknown> | null;
    const result = this.parse(schema, plain, tree, subject);
    if (!result) return { values: {}, complete: false, tree, open };
    const values: Record<string, unknown> = { ...result.data };
    let complete = wrong.length === 0;
    if (!result.success) {
      // A placeholder that does not fit says nothing about the value to come.
      const unsure = [...wrong, ...open.map(({ path }) => path)];
      const sure = result.error.issues.filter(
        ({ code, path }) => code === 'unrecognized_keys' || !unsure.some((other) => startsWith(other, path)),
      );
      complete &&= sure.length === 0;
      this.issues.push(...explain(sure, schema, tree, subject));
      for (const [key, field] of Object.entries(schema.shape)) {
        const alone = (field as z.ZodType).safeParse(plain?.[key]);
        if (alone.success) values[key] = alone.data;
      }
    }
    for (const [key, field] of Object.entries(schema.shape)) {
      if (values[key] === undefined) continue;
      const at = entry(tree, key)?.value ?? toTree(values[key], tree.place);
      values[key] = this.fillSlots(field, values[key], at, subject.name);
    }
    for (const [key] of wrong) delete values[key!];
    return { values, complete, tree, open };
  }

  /** A value with specs in place of the values of slots, however deep in sections and lists. */
  private fillSlots(schema: z.ZodType, value: unknown, tree: Tree, subject: string): unknown {
    const slot = slotFor(schema, value);
    if (slot) return this.readSlot(slot, tree, subject);
    const inner = innermost(schema);
    if (inner instanceof z.ZodArray && Array.isArray(value)) {
      const at = (i: number): Tree => (tree.kind === 'list' && tree.items[i]) || toTree(value[i], tree.place);
      return value.map((item, i) => this.fillSlots(inner.element as z.ZodType, item, at(i), subject));
    }
    if (!(inner instanceof z.ZodObject) || typeof value !== 'object' || value === null) return value;
    const filled = Object.entries(value).map(([key, item]) => {
      const field = inner.shape[key] as z.ZodType | undefined;
      const at = entry(tree, key)?.value ?? toTree(item, tree.place);
      return [key, field && item !== undefined ? this.fillSlots(field, item, at, key) : item];
    });
    return Object.fromEntries(filled);
  }

  /** Undefined for a schema that throws: a plugin's schema may contain code. */
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
      case 'entries':
        return items.map((item) => this.readEntry(slot.kind, item));
      case 'entry':
        return this.readEntry(slot.kind, tree);
      case 'component':
        return this.readComponent(slot.kind, tree);
    }
  }

  /**
   * A component given by its name, as an expression (`native:avx2`) or as a map with `type`. Undefined where
   * its own options are not right; values of its slots may still be missing.
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
      this.reportUnknown(kind, name, this.registry.types(kind));
      return undefined;
    }
    const written = tree.kind === 'map' ? without(tree, 'type') : emptyMap(tree.place);
    return this.readOptions(component, written, name.place);
  }

  /** A component given by its name, or by a map from it to its options. */
  private readEntry(kind: Kind, tree: Tree): Spec | undefined {
    const found = this.findEntry(tree, [kind]);
    const written = found && this.entryOptions(found.component, tree, found.name);
    return written && this.readOptions(found.component, written, found.name.place);
  }

  /** An entry of a list of layers: a bare name, a map from the name to its options, or the name with its main option. */
  readLayer(tree: Tree, kinds: readonly ModelKind[], subject: string): Spec<ModelKind> | undefined {
    if (++this.layers >= MAX_LAYERS) {
      if (this.layers === MAX_LAYERS) {
        this.report(
          tree.place,
          `the blocks expand the recipe to more than ${MAX_LAYERS.toLocaleString('en')} layers`,
        );
      }
      return undefined;
    }
    if (tree.kind === 'list' && tree.items.length > 0)
      return this.sequence(tree, tree.place, emptyMap(tree.place));
    const use = this.findBlock(tree);
    if (use) return this.readBlock(use.block, use.place, use.given);
    const found = this.findEntry(tree, MODEL_KINDS);
    if (!found) return undefined;
    const { component, name } = found;
    if (!kinds.includes(component.kind)) {
      this.report(name.place, `'${component.type}' is an ${component.kind}, which can't be in ${subject}`);
      return undefined;
    }
    const written = this.entryOptions(component, tree, name);
    return written && this.readOptions(component, written, name.place);
  }

  /** Layers one after another, as one. */
  private sequence(list: ListTree, place: Place, common: MapTree): Spec<ModelKind> | undefined {
    const component = this.registry.get('layer', 'sequence');
    const written: MapTree = {
      ...common,
      entries: new Map([...common.entries, ['layers', { place, value: list }]]),
    };
    return component && this.readOptions(component, written, place);
  }

  /** The block that an entry names, and what it gives to it. */
  private findBlock(tree: Tree): { block: Block; place: Place; given: MapTree } | undefined {
    const [name, given] =
      tree.kind === 'map'
        ? ([...tree.entries][0] ?? [])
        : [tree.kind === 'scalar' ? tree.value : null, undefined];
    if (typeof name !== 'string' || !BLOCK_NAME.test(name)) return undefined;
    const block = this.blocks.get(name);
    if (!block) {
      const place = given?.place ?? tree.place;
      this.issues.push(unknownName('block', toTree(name, place), [...this.blocks.keys()]));
      return { block: wrongBlock(name), place, given: emptyMap(place) };
    }
    const place = given?.place ?? tree.place;
    const options = tree.kind === 'map' && given ? this.mapBehind(name, tree, given) : emptyMap(place);
    return options && { block, place, given: options };
  }

  /** A block's layers in its place, in a sequence that has the block's name in the paths of its layers. */
  private readBlock(block: Block, place: Place, given: MapTree): Spec<ModelKind> | undefined {
    const layers = fillBlock(block, given, this);
    if (!layers) return undefined;
    const outside = this.inside;
    this.inside = block;
    try {
      const name = given.entries.get('name') ?? { place, value: toTree(block.name, place) };
      return this.sequence(layers, place, { kind: 'map', place, entries: new Map([['name', name]]) });
    } finally {
      this.inside = outside;
    }
  }

  /** Which component of some kinds an entry names, and where. */
  private findEntry<K extends Kind>(
    tree: Tree,
    kinds: readonly K[],
  ): { component: Component<K>; name: Entry } | undefined {
    const kind = kinds.length > 1 ? 'layer' : kinds[0]!;
    const names: [string, Entry][] =
      tree.kind === 'map'
        ? [...tree.entries]
        : tree.kind === 'scalar' && typeof tree.value === 'string'
          ? [[tree.value, { place: tree.place, value: emptyMap(tree.place) }]]
          : [];
    if (names.length === 0) {
      this.report(tree.place, `an entry must be the name of a ${kind} or a map from it, found ${show(tree)}`);
      return undefined;
    }
    for (const [type, name] of names) {
      const component = kinds.map((k) => this.registry.get(k, type)).find((c) => c !== undefined);
      if (component) return { component, name };
    }
    const [type, name] = names[0]!;
    const written = toTree(type, name.place);
    if (type.startsWith('$')) {
      const parameters = [...(this.inside?.parameters.keys() ?? [])].map((parameter) => `$${parameter}`);
      this.issues.push(unknownName('parameter', written, parameters));
    } else {
      this.reportUnknown(kind, written, this.registry.types(...kinds));
    }
    return undefined;
  }

  private reportUnknown(what: string, name: Tree, known: readonly string[]): void {
    if (!this.namesAreIncomplete) this.issues.push(unknownName(what, name, known));
  }

  /** The options of an entry as one map, however it is written. */
  private entryOptions(component: Component, tree: Tree, name: Entry): MapTree | undefined {
    const { type, main } = component;
    if (tree.kind !== 'map') return emptyMap(name.place);
    if (main !== undefined) {
      const siblings = without(tree, type).entries;
      const own = siblings.get(main);
      if (own) this.report(own.place, `'${main}' is what follows '${type}:'`);
      return { ...tree, place: name.place, entries: new Map([[main, name], ...siblings]) };
    }
    return this.mapBehind(type, tree, name);
  }

  /** The options of an entry's only name. */
  private mapBehind(type: string, tree: MapTree, name: Entry): MapTree | undefined {
    for (const [key, { place }] of without(tree, type).entries) {
      this.report(
        place,
        `'${key}' is next to '${type}': an entry is one layer, and its options go inside it`,
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
    const isLayer = component.kind === 'layer' || component.kind === 'objective';
    const schema = fullSchema(component);
    const { values, complete, tree, open } = this.readObject(
      schema,
      written,
      subject,
      isLayer ? POSITIONAL : [],
    );
    if (!complete) return undefined;
    const split = (common: boolean) =>
      Object.fromEntries(
        Object.entries(values).filter(([key]) => Object.hasOwn(shared.shape, key) === common),
      );
    const spec = { component, options: split(false), common: split(true), place, written };
    if (open.length === 0) return spec;
    return {
      ...spec,
      open: { formulas: open, resolve: (position) => resolveOptions(spec, schema, tree, open, position) },
    };
  }
}

const emptyMap = (place: Place): MapTree => ({ kind: 'map', place, entries: new Map() });

/** Blocks that use blocks twice that use blocks twice... */
const MAX_LAYERS = 20_000;

interface ReadObject {
  readonly values: Record<string, unknown>;
  readonly complete: boolean;
  /** With numbers in place of formulas. */
  readonly tree: Tree;
  /** The formulas whose values are still open. */
  readonly open: readonly OpenFormula[];
}

const startsWith = (path: readonly string[], start: readonly PropertyKey[]): boolean =>
  start.every((key, i) => String(key) === path[i]);

/** The options of a layer where it is in the model. What is in slots is read already. */
function resolveOptions(
  { component, options }: Spec,
  schema: z.ZodObject,
  tree: Tree,
  open: readonly OpenFormula[],
  position: Values,
): ReturnType<OpenOptions['resolve']> {
  const issues: RecipeIssue[] = [];
  let resolved = tree;
  for (const one of open) {
    const at = find(tree, one.path)!;
    const value = valueAt(one, position);
    if (typeof value === 'string') issues.push({ place: at.place, message: value });
    else resolved = setAt(resolved, one.path, { ...at, value } as ScalarTree, at.place) as Tree;
  }
  if (issues.length > 0) return { issues };
  const result = schema.safeParse(toPlain(resolved));
  const subject = { name: component.type, main: component.main };
  if (!result.success) return { issues: explain(result.error.issues, schema, resolved, subject) };
  const values = Object.keys(component.schema.shape).map((key) => {
    const isSlot = slotOf(component.schema.shape[key] as z.ZodType);
    return [key, isSlot ? options[key] : result.data[key]];
  });
  return { options: Object.fromEntries(values) };
}
