import type {
  LayerList,
  LayerScope,
  Made,
  ModelKind,
  ModelScope,
  Remembered,
  Scopes,
  Spec,
} from '../core/component.ts';
import type { InputLayer, Layer, Objective } from '../core/layer.ts';
import type { Parameter } from '../core/parameter.ts';
import type { RecipeIssue } from '../core/recipe-tree.ts';
import { Sequence } from '../layers/sequence.ts';
import type { ModelParts } from '../runtime/model.ts';
import { watchInput, watchLayer, watchObjective } from '../runtime/watched-layer.ts';
import { RecipeError } from './errors.ts';
import { COLUMNS } from './formula.ts';
import { optionPlace } from './tree.ts';

export interface BuildContext {
  /** Rows of one training sequence. */
  readonly seqLen: number;
}

/** No model that fits a computer has more; `repeat` inside `repeat` can ask for any number. */
const MAX_LAYERS = 20_000;

/**
 * Builds a model's layers from their specs. Allocates no parameters.
 * @throws RecipeError with every mistake that only the layers together show: widths, order, a missing objective.
 */
export function buildModel(model: LayerList, context: BuildContext): ModelParts {
  const builder = new ModelBuilder(context);
  const parts = builder.model(model);
  if (!parts || builder.issues.length > 0) throw new RecipeError(builder.issues, builder.cause);
  return parts;
}

/** What a recipe keeps of the model that loading it built. */
export interface BuiltLayers {
  readonly parts: ModelParts;
  /** What they were built from. */
  readonly model: LayerList;
  readonly seqLen: number;
}

/** The layers that loading a recipe built; of a recipe that was changed since, new layers. @throws RecipeError */
export function layersOf({
  model,
  data,
  layers,
}: {
  readonly model: LayerList;
  readonly data: { readonly seq_len: number };
  readonly layers: BuiltLayers;
}): ModelParts {
  const isSame = layers.model === model && layers.seqLen === data.seq_len;
  return isSame ? layers.parts : buildModel(model, { seqLen: data.seq_len });
}

/** Builds a list of layers alone, `inCols` columns wide at its start. @throws RecipeError */
export function buildLayers(list: LayerList, inCols: number, context: BuildContext): Layer {
  const builder = new ModelBuilder(context);
  const layer = builder.attempt(() => builder.list(list, inCols, new PathScope(''), 'model'));
  if (!layer) throw new RecipeError(builder.issues, builder.cause);
  return layer;
}

const SHARED = ['path', 'type', 'inCols', 'macs', 'parameters', 'plan'];
const OF_LAYERS = [...SHARED, 'outCols', 'coupling', 'keeps', 'forward', 'backward'];

/** What every model needs of a part of each kind: what a plugin in JavaScript may forget. */
const MEMBERS: Readonly<Record<ModelKind, readonly string[]>> = {
  input: OF_LAYERS,
  layer: OF_LAYERS,
  objective: [...SHARED, 'vocab', 'loss', 'logits'],
};

/** Entries that could not be read are missing: told already, the others are checked all the same. */
type Incomplete = readonly (Spec<ModelKind> | undefined)[];

/** Thrown where a part could not be made; what is wrong with it is among the issues. */
class Abandoned extends Error {}

/** The names taken at one level of paths. */
class PathScope {
  private readonly taken = new Set<string>();

  constructor(readonly prefix: string) {}

  /** `segment` under this level, with `_2`, `_3`... after it where it is taken. */
  path(segment: string): string {
    let free = segment;
    for (let copy = 2; this.taken.has(free); copy++) free = `${segment}_${copy}`;
    this.taken.add(free);
    return this.prefix ? `${this.prefix}.${free}` : free;
  }
}

class ModelBuilder {
  readonly issues: RecipeIssue[] = [];
  cause?: unknown;
  private layers = 0;
  /** `$index` and `$times` where layers are being built. */
  private repetition: readonly (readonly [string, number])[] = [];

  private input: InputLayer | undefined;
  private readonly remembered = new Map<string, Remembered>();
  private readonly sharedParts = new Map<string, unknown>();

  constructor(private readonly context: BuildContext) {}

  model(specs: Incomplete): ModelParts | undefined {
    const scope = new PathScope('');
    this.checkOrder(specs);
    const [first, last] = [specs[0], specs.at(-1)];
    if (!first || this.issues.length > 0) return undefined;
    const input = this.attempt(() => this.inputLayer(first, scope));
    const inside = specs.slice(1, -1);
    const body = input && this.attempt(() => this.list(inside, input.outCols, scope, 'model'));
    const objective = body && last && this.attempt(() => this.objective(last, body.outCols, scope));
    return objective && { input, body, objective };
  }

  /** One input layer, at least one layer, one objective. */
  private checkOrder(specs: Incomplete): void {
    const at = specs.length - 1;
    specs.forEach((spec, i) => {
      if (!spec) return;
      const { kind, type } = spec.component;
      if (i === 0 && kind !== 'input') {
        this.report(spec, `the model must begin with an input layer such as embedding, found '${type}'`);
      } else if (i > 0 && kind === 'input')
        this.report(spec, `'${type}' can only be the first entry of the model`);
      if (i < at && kind === 'objective')
        this.report(spec, `'${type}' can only be the last entry of the model`);
      if (i === at && kind !== 'objective') {
        this.report(spec, `the model must end with an objective such as tied_head, found '${type}'`);
      }
    });
    if (specs.length === 2 && specs[1] && this.issues.length === 0) {
      this.report(specs[1], 'there must be at least one layer between the input layer and the objective');
    }
  }

  /**
   * The layers one after another. @throws Abandoned when one of them could not be made, after trying all, and where
   * there is none.
   */
  list(specs: Incomplete, inCols: number, scope: PathScope, path: string): Layer {
    let cols = inCols;
    const layers: Layer[] = [];
    for (const spec of specs) {
      const layer = spec && this.attempt(() => this.layer(spec, cols, scope));
      if (!layer) continue;
      layers.push(layer);
      cols = layer.outCols;
    }
    if (layers.length < specs.length || layers.length === 0) throw new Abandoned();
    return layers.length === 1 ? layers[0]! : watchLayer(new Sequence(path, layers));
  }

  private inputLayer(spec: Spec<ModelKind>, scope: PathScope): InputLayer {
    this.input = watchInput(this.create(spec, 'input', this.scope(spec, pathOf(spec, scope))));
    return this.input;
  }

  private layer(spec: Spec<ModelKind>, inCols: number, scope: PathScope): Layer {
    if (this.layers > MAX_LAYERS) throw new Abandoned();
    if (++this.layers > MAX_LAYERS) {
      this.report(spec, `the model would have more than ${MAX_LAYERS.toLocaleString('en')} layers`);
      throw new Abandoned();
    }
    const path = pathOf(spec, scope);
    const unnamed = spec.component.segment === null && spec.common.name === undefined;
    const inner = unnamed ? scope : new PathScope(path);
    const base = this.scope(spec, path);
    const added: Layer[] = [];
    const layerScope: LayerScope = {
      ...base,
      inCols,
      parameterOf: this.parameterOf,
      add: (segment, make) => {
        const layer = watchLayer(make(inner.path(segment)));
        added.push(layer);
        return layer;
      },
      shared: <T>(key: string, make: () => T): T => {
        if (!this.sharedParts.has(key)) this.sharedParts.set(key, make());
        return this.sharedParts.get(key) as T;
      },
      remember: (name, value) => void this.remembered.set(name, value),
      recall: (name, option) =>
        this.remembered.get(name) ??
        base.fail(
          `no layer before this one remembers '${name}'; there ${listOf([...this.remembered.keys()])}`,
          option,
        ),
      build: (list, cols, segment, repetition) => {
        const outside = this.repetition;
        if (repetition) this.repetition = Object.entries(repetition);
        try {
          if (segment === undefined) return this.list(list, cols, inner, `${path}.layers`);
          const block = inner.path(segment);
          return this.list(list, cols, new PathScope(block), block);
        } finally {
          this.repetition = outside;
        }
      },
    };
    return watchLayer(this.create(spec, 'layer', layerScope), added);
  }

  private objective(spec: Spec<ModelKind>, inCols: number, scope: PathScope): Objective {
    const objective = this.create(spec, 'objective', {
      ...this.scope(spec, pathOf(spec, scope)),
      inCols,
      parameterOf: this.parameterOf,
    });
    return watchObjective(objective);
  }

  private readonly parameterOf = (type: string): Parameter | undefined =>
    this.input?.type === type ? [...this.input.parameters()][0] : undefined;

  private create<K extends ModelKind>(spec: Spec<ModelKind>, kind: K, scope: Scopes[K]): Made[K] {
    try {
      const options = this.optionsOf(spec, (scope as Partial<LayerScope>).inCols);
      const made = (spec as unknown as Spec<K>).component.create(options, scope);
      const lacking = MEMBERS[kind].find(
        (member) => (made as unknown as Partial<Record<string, unknown>>)?.[member] === undefined,
      );
      if (lacking) throw new Error(`create gave no ${kind}: '${lacking}' is missing`);
      // Any other word would be taken for one of them, and hide or forbid the shortcut of token-wise models.
      const { coupling = 'row' } = made as { readonly coupling?: string };
      if (coupling !== 'row' && coupling !== 'random' && coupling !== 'sequence')
        throw new Error(`its coupling is '${coupling}', expected 'row', 'random' or 'sequence'`);
      return made;
    } catch (error) {
      if (error instanceof Abandoned) throw error;
      this.report(
        spec,
        `making '${spec.component.type}' failed: ${error instanceof Error ? error.message : error}`,
      );
      this.cause ??= error;
      throw new Abandoned();
    }
  }

  /** With values in place of formulas that only the layer's position decides. */
  private optionsOf({ options, open }: Spec, inCols: number | undefined): Spec['options'] {
    if (!open) return options;
    const columns = inCols === undefined ? [] : [[COLUMNS, inCols] as const];
    const resolved = open.resolve(new Map([...columns, ...this.repetition]));
    if ('options' in resolved) return resolved.options;
    this.issues.push(...resolved.issues);
    throw new Abandoned();
  }

  private scope(spec: Spec, path: string): ModelScope {
    const fail = (message: string, option?: string): never => {
      this.issues.push({
        place: option === undefined ? spec.place : optionPlace(spec.written, option),
        message,
      });
      throw new Abandoned();
    };
    return { ...this.context, path, fail };
  }

  private report(spec: Spec, message: string): void {
    this.issues.push({ place: spec.place, message });
  }

  /** Undefined when `make` abandons its part. */
  attempt<T>(make: () => T): T | undefined {
    try {
      return make();
    } catch (error) {
      if (error instanceof Abandoned) return undefined;
      throw error;
    }
  }
}

function pathOf({ component, common }: Spec, scope: PathScope): string {
  const { segment } = component;
  return scope.path((common.name as string | undefined) ?? segment ?? component.type);
}

const listOf = (names: readonly string[]): string =>
  names.length === 0 ? 'is none' : `${names.length === 1 ? 'is' : 'are'} ${names.join(', ')}`;
