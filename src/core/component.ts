import type { z } from 'zod';
import type { Backend, Decorator } from './backend.ts';
import type { DataSource } from './data-source.ts';
import type { Hook } from './hook.ts';
import type { InputLayer, Layer, Objective } from './layer.ts';
import type { Optimizer } from './optimizer.ts';
import type { Parameter } from './parameter.ts';
import type { MapTree, Place, RecipeIssue } from './recipe-tree.ts';
import type { Schedule } from './schedule.ts';
import type { Mat } from './tensor.ts';

/** What a component of each kind makes. */
export interface Made {
  input: InputLayer;
  layer: Layer;
  objective: Objective;
  optimizer: Optimizer;
  schedule: Schedule;
  backend: Backend;
  decorator: Decorator;
  source: DataSource;
  hook: Hook;
}
export type Kind = keyof Made;

/** The kinds that a `model:` list is made of. They share their names: an entry says only `silu`, not its kind. */
export const MODEL_KINDS = ['input', 'layer', 'objective'] as const;
export type ModelKind = (typeof MODEL_KINDS)[number];
/** The kinds that recipes write as a name or as a map from the name to the options; others as a map with `type`. */
export const ENTRY_KINDS = [...MODEL_KINDS, 'source', 'hook'] as const;
export const KINDS = [...ENTRY_KINDS, 'optimizer', 'schedule', 'backend', 'decorator'] as const;

/** What every factory may do. */
export interface Scope {
  /** Reports a mistake in the recipe, at the option's place or at the component's, beside all others. */
  fail(message: string, option?: string): never;
}

export interface ModelScope extends Scope {
  /** The layer path: "blocks.3.up". Parameters are called `${path}.weight` and the like. */
  readonly path: string;
  /** Rows of one training sequence. */
  readonly seqLen: number;
}
/** Rows that a layer keeps for layers after it. */
export interface Remembered {
  readonly outCols: number;
  /**
   * The rows, for the layer that is being planned. In training it writes their gradient to `gradient` [rows x cols] in its
   * backward, which comes before that of the layer that keeps them.
   */
  recall(gradient: Mat | null): Mat;
}

/** What every layer after the input layer may do. */
interface InnerScope extends ModelScope {
  /** Columns that come in. */
  readonly inCols: number;
  /** The first parameter of the model's input layer, if that is of this type: the table that a tied head shares. */
  parameterOf(inputType: string): Parameter | undefined;
}

export interface LayerScope extends InnerScope {
  /**
   * The layers of a list that is one of the options, one after another: `inCols` columns go into the first.
   * `segment` is added to their paths (`blocks.3`), which repeated lists need. `repetition` is what `$index` (from 0)
   * and `$times` are in the options of these layers; without it, what they are around this layer.
   */
  build(
    list: LayerList,
    inCols: number,
    segment?: string,
    repetition?: { readonly index: number; readonly times: number },
  ): Layer;
  /**
   * A layer made in code, at `path.segment`, for a layer that is made of others: use what is returned in its place. The suites
   * and `check`, `gradcheck`, `checked` and `diff` then see it like a layer of a recipe.
   */
  add(segment: string, make: (path: string) => Layer): Layer;
  /** What layers of a model have in common (a parameter of all, say): made by the first that asks for the key. */
  shared<T>(key: string, make: () => T): T;
  /** Makes what a layer keeps known under a name to the layers after it; a later one of the same name takes its place. */
  remember(name: string, value: Remembered): void;
  /** What a layer before keeps; a name that none has is a mistake at `option`. */
  recall(name: string, option: string): Remembered;
}
export type ObjectiveScope = InnerScope;

export interface BackendScope extends Scope {
  /** Threads the recipe asks for; undefined leaves it to the backend. */
  readonly threads: number | undefined;
  /** Tells the person something that is not an error: another backend than the one asked for runs. */
  notice(text: string): void;
  /** The backend of an option that names one. */
  build(spec: Spec<'backend'>): Backend;
}

/** For components that are made of others of their kind. */
export interface NestingScope<K extends 'optimizer' | 'schedule'> extends Scope {
  /** The component of an option that names one. */
  build(spec: Spec<K>): Made[K];
}

/** What the factory of each kind gets beside its options. */
export interface Scopes {
  input: ModelScope;
  layer: LayerScope;
  objective: ObjectiveScope;
  optimizer: NestingScope<'optimizer'>;
  schedule: NestingScope<'schedule'>;
  backend: BackendScope;
  decorator: BackendScope;
  source: Scope;
  hook: Scope;
}

/**
 * Something that recipes can name: a YAML name, a schema, a factory. The built-in ones and a plugin's are the same.
 * `S` is a zod `strictObject`; what it describes and defaults is what the documentation, the editor's JSON Schema
 * and the filled recipe show.
 */
export interface Component<K extends Kind = Kind, S extends z.ZodObject = z.ZodObject> {
  readonly kind: K;
  /** Its name in recipes: `ternary_linear`. */
  readonly type: string;
  /** One sentence. */
  readonly summary: string;
  readonly schema: S;
  /**
   * The option that is written right after the name: `repeat: 6` with `layers: [...]` beside it, `native:avx2`.
   * Without it all options are in a map after the name.
   */
  readonly main?: string;
  /** What the layer adds to its path when it has no name. Default its type; null adds nothing. */
  readonly segment?: string | null;
  /**
   * Options that the documentation shows and the gradient and recipe suites try: at least one, and one for each
   * variant. Layers get `EXAMPLE_COLS` columns.
   */
  readonly examples: readonly z.input<S>[];
  create(options: z.output<S>, scope: Scopes[K]): Made[K];
}

/** Columns that go into a layer which the suites make of an example. */
export const EXAMPLE_COLS = 8;
/** And token ids below this, for those that look at them. */
export const EXAMPLE_VOCAB = 8;

/** A component whose options' types are inferred from its schema. */
export function component<K extends Kind, S extends z.ZodObject>(
  definition: Component<K, S>,
): Component<K, S> {
  return definition;
}

/** A component with its options, read from a recipe and complete with defaults. */
export interface Spec<K extends Kind = Kind> {
  readonly component: Component<K>;
  readonly options: Readonly<Record<string, unknown>>;
  /** What every component of its kind accepts: a layer's `name`, a schedule's `over`, a backend's `wrap`. */
  readonly common: Readonly<Record<string, unknown>>;
  readonly place: Place;
  /** The options as written, for the places of mistakes that only the factory sees. */
  readonly written: MapTree;
  /** Options that only the layer's position in the model decides, such as `out: 2x`. */
  readonly open?: OpenOptions;
}

/** Options written as formulas over the columns that come in (`2x`), `$index` and `$times`. */
export interface OpenOptions {
  /** Where among the options they are, and as what a recipe writes them. */
  readonly formulas: readonly { readonly path: readonly string[]; readonly text: string }[];
  /** All options, by the values of `x`, `index` and `times` where they are known; or what is wrong with them. */
  resolve(
    position: ReadonlyMap<string, number>,
  ): { readonly options: Spec['options'] } | { readonly issues: readonly RecipeIssue[] };
}

/** The layers of a list in a recipe. */
export type LayerList = readonly Spec<ModelKind>[];
