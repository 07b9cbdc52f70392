import { resolve } from 'node:path';
import { z } from 'zod';
import type { LayerList } from '../core/component.ts';
import type { MapTree, Place, Tree } from '../core/recipe-tree.ts';
import { DATASETS } from '../data/datasets.ts';
import { MIN_VOCAB } from '../data/tokenizer/tokenizer.ts';
import { fromHome } from '../files/home-path.ts';
import type { ModelParts } from '../runtime/model.ts';
import { readBlocks } from './blocks.ts';
import { type BuiltLayers, buildModel } from './build-model.ts';
import { createRegistry } from './builtins.ts';
import { changes, checkOptions, optionsOf } from './check-options.ts';
import { RecipeError } from './errors.ts';
import { setAt } from './merge.ts';
import { loadPlugins } from './plugins.ts';
import { readRecipe } from './read-file.ts';
import { RecipeReader } from './reader.ts';
import type { Registry } from './registry.ts';
import { FILE_KEYS, RECIPE, type RecipeSettings } from './schema.ts';
import { readSizes } from './sizes.ts';
import { entry, optionPlace, placeOf, toTree, without } from './tree.ts';
import { parseYaml } from './yaml.ts';

/** A recipe that is right and complete: every default filled in, every path absolute. */
export interface Recipe extends Omit<RecipeSettings, 'tokenizer'> {
  /** Trained on the data, or read from a file; it has `vocab` ids at most. Ids of the model beyond them stay unused. */
  readonly tokenizer:
    | { readonly type: 'byte_bpe'; readonly vocab: number }
    | { readonly file: string; readonly vocab: number };
  /** The values of its `sizes`, which are in their places already. */
  readonly sizes: Readonly<Record<string, number>>;
  /** The layers of `model`, built once to see that they fit. */
  readonly layers: BuiltLayers;
  /** The components its specs are made from: the built-in ones and its plugins'. */
  readonly registry: Registry;
}

/** A change of a recipe, such as `optimizer.lr=0.02`; `flag` is how a person gave it where that was not `--set`. */
export type Change = string | { readonly set: string; readonly flag: string };

export interface LoadOptions {
  /** Changes such as `optimizer.lr=0.02` or `model.1.repeat=2`, applied in order. */
  readonly set?: readonly Change[];
}

const LOAD_OPTIONS = optionsOf<LoadOptions>({ set: changes });
const LOAD_ARGUMENTS = z.strictObject({ recipe: z.string() });

/**
 * Loads a recipe: a file, or a name of the library (`v61`).
 * @throws RecipeError with all of its mistakes and their places; FlashError for files that can't be read.
 */
export async function loadRecipe(nameOrPath: string, options: LoadOptions = {}): Promise<Recipe> {
  checkOptions('loadRecipe', 'the arguments', LOAD_ARGUMENTS, { recipe: nameOrPath });
  checkOptions('loadRecipe', 'the options', LOAD_OPTIONS, options);
  const { set = [] } = options;
  try {
    return await load(nameOrPath, set);
  } catch (error) {
    if (!(error instanceof RecipeError)) throw error;
    throw await blameChanges(error, nameOrPath, set);
  }
}

/**
 * A mistake that a change makes is found where the change does not fit, in a file that is right. Where the file is right
 * without one of the changes, or without all of them, they are the mistake's place, and the file is named after it.
 */
async function blameChanges(
  error: RecipeError,
  name: string,
  changes: readonly Change[],
): Promise<RecipeError> {
  const isRight = (set: readonly Change[]) =>
    load(name, set).then(
      () => true,
      () => false,
    );
  if (changes.length === 0 || error.issues.every(({ place }) => place.line === 0)) return error;
  if (!(await isRight([]))) return error;
  const culprits: Change[] = [];
  for (const change of changes) {
    if (await isRight(changes.filter((other) => other !== change))) culprits.push(change);
  }
  const text = [...new Set((culprits.length ? culprits : changes).map(written))].join(' ');
  const place = { ...changePlace(changes[0]!), text, source: text };
  return new RecipeError(
    error.issues.map((issue) =>
      issue.place.line === 0 ? issue : { ...issue, place, message: `${issue.message} (${issue.place.text})` },
    ),
    error.cause,
  );
}

const written = (change: Change): string => (typeof change === 'string' ? `--set ${change}` : change.flag);

const changePlace = (change: Change): Place => {
  const text = written(change);
  return { text, source: text, dir: process.cwd(), line: 0, column: 0 };
};

async function load(nameOrPath: string, changes: readonly Change[]): Promise<Recipe> {
  const { tree: text, stem, issues } = readRecipe(nameOrPath);
  const reader = new RecipeReader(createRegistry());
  reader.reportSyntax(issues);
  const tree = withName(applyChanges(text, changes, reader), stem);
  await usePlugins(tree, reader);
  const sizes = readSizes(tree, reader);
  reader.use(sizes, readBlocks(tree, reader));
  const written = without(tree, '$schema', 'sizes', 'blocks');
  const { values } = reader.readObject(RECIPE, written, { name: 'the recipe' });
  const settings = values as RecipeSettings;
  const parts = settings.model && tryModel(settings.model, settings.data?.seq_len ?? 1, reader);
  const vocab = checkTogether(settings, parts, tree, reader);
  reader.finish();
  const resolved = resolvePaths(settings, tree);
  const { type, file } = resolved.tokenizer;
  const tokenizer =
    file === null ? { type, vocab: resolved.tokenizer.vocab ?? vocab! } : { file, vocab: vocab! };
  return {
    ...resolved,
    tokenizer,
    sizes: Object.fromEntries(sizes),
    registry: reader.registry,
    layers: { parts: parts!, model: settings.model, seqLen: settings.data.seq_len },
  };
}

/** What only several settings together show, as far as they could be read. Returns the model's vocabulary. */
function checkTogether(
  recipe: Partial<RecipeSettings>,
  parts: ModelParts | undefined,
  tree: MapTree,
  reader: RecipeReader,
): number | undefined {
  if (recipe.data?.valid_share && recipe.data.valid !== null) {
    const message =
      "'valid' and 'valid_share' are both set: validation data is either named or a share of the source";
    reader.report(placeOf(tree, ['data', 'valid_share']), message);
  }
  if (recipe.eval && recipe.data) checkWindows(recipe.eval, recipe.data, tree, reader);
  if (recipe.train) checkLimits(recipe.train, recipe.schedule, tree, reader);
  checkRates(recipe, tree, reader);
  checkDecaySchedule(recipe.weight_decay_schedule, tree, reader);
  if (!parts) return undefined;
  const { vocab } = parts.objective;
  const { tokenizer } = recipe;
  // A file says itself how many it has.
  if (!tokenizer || tokenizer.file !== null) return vocab;
  const places = [placeOf(tree, ['tokenizer', 'vocab']), ...vocabPlaces(recipe.model!)];
  const report = (message: string) => reader.report(latest(tree, places), message);
  const ids = tokenizer.vocab ?? vocab;
  if (ids > vocab) {
    const own = placeOf(tree, ['tokenizer', 'vocab']);
    report(
      own.source === latest(tree, places).source
        ? `the tokenizer has ${ids} tokens (tokenizer.vocab) and the model ${vocab}; the model must have at least as many`
        : `the model has ${vocab} tokens and its tokenizer ${ids}, which ${own.text} says: set tokenizer.vocab too, to ${vocab} at most`,
    );
  } else if (ids < MIN_VOCAB) {
    report(`a vocabulary of ${ids} is too small: byte-level BPE needs at least ${MIN_VOCAB} tokens`);
  }
  return vocab;
}

function checkWindows(
  { context, stride }: RecipeSettings['eval'],
  { seq_len }: RecipeSettings['data'],
  tree: MapTree,
  reader: RecipeReader,
): void {
  const rows = context ?? seq_len;
  if (stride === null || stride <= rows) return;
  const message = `a stride of ${stride} would leave out tokens between windows of ${rows} (${context === null ? 'data.seq_len' : 'eval.context'})`;
  reader.report(placeOf(tree, ['eval', 'stride']), message);
}

/** Where layers were given a `vocab`. */
function vocabPlaces(model: LayerList): Place[] {
  return model.flatMap(({ written }) =>
    written.entries.has('vocab') ? [optionPlace(written, 'vocab')] : [],
  );
}

/**
 * Of places that do not go together the one that was written last: on the command line, else in the recipe itself, else
 * in one that it extends. What was there before it was right.
 */
function latest(tree: MapTree, places: readonly Place[]): Place {
  const age = ({ line, source }: Place): number => (line === 0 ? 0 : source === tree.place.source ? 1 : 2);
  return places.reduce((best, place) => (age(place) < age(best) ? place : best));
}

const LIMITS = ['epochs', 'steps', 'tokens', 'budget'] as const;

function checkLimits(
  { epochs, steps, tokens, budget }: RecipeSettings['train'],
  schedule: RecipeSettings['schedule'] | undefined,
  tree: MapTree,
  reader: RecipeReader,
): void {
  const limits = { epochs, steps, tokens, time: budget };
  if (Object.values(limits).every((limit) => limit === null)) {
    const places = [placeOf(tree, ['train']), ...LIMITS.map((limit) => placeOf(tree, ['train', limit]))];
    reader.report(
      latest(tree, places),
      'the run would never end: set epochs, steps, tokens or budget in train',
    );
  }
  const over = (schedule?.common.over ?? 'auto') as keyof typeof limits | 'auto';
  if (over !== 'auto' && limits[over] === null) {
    const limit = over === 'time' ? 'budget' : over;
    reader.report(
      latest(tree, [placeOf(tree, ['schedule', 'over']), placeOf(tree, ['train', limit])]),
      `the schedule goes over ${over}, but train.${limit} is not set`,
    );
  }
}

/** It goes along with the learning rate's, over the whole run, and gives factors. */
function checkDecaySchedule(
  schedule: RecipeSettings['weight_decay_schedule'] | undefined,
  tree: MapTree,
  reader: RecipeReader,
): void {
  if (!schedule) return;
  const { over } = schedule.common;
  const { warmup_steps = 0, min_lr = 0, phases = [] } = schedule.options;
  const report = (option: string, message: string): void =>
    reader.report(placeOf(tree, ['weight_decay_schedule', option]), `weight_decay_schedule ${message}`);
  if (over !== 'auto') report('over', "goes along with the learning rate's: give 'over' to schedule");
  if (warmup_steps !== 0) report('warmup_steps', 'has no warm-up steps; a phase may rise instead');
  const inner = (phases as readonly { readonly schedule: RecipeSettings['schedule'] }[]).map(
    (phase) => phase.schedule.options.min_lr ?? 0,
  );
  for (const [option, min] of [['min_lr', min_lr], ...inner.map((min) => ['phases', min])] as const)
    if (min !== 0) report(String(option), "ends at a factor, not at a rate: give 'floor' in place of min_lr");
}

/** A decay that rises is a slip: one of the two was changed and the other forgotten. */
function checkRates(
  { optimizer, schedule }: Partial<RecipeSettings>,
  tree: MapTree,
  reader: RecipeReader,
): void {
  const [lr, min] = [optimizer?.options.lr, schedule?.options.min_lr];
  if (typeof lr !== 'number' || typeof min !== 'number' || min <= lr) return;
  reader.report(
    latest(tree, [placeOf(tree, ['schedule', 'min_lr']), placeOf(tree, ['optimizer', 'lr'])]),
    `schedule.min_lr (${min}) is above optimizer.lr (${lr}), so the rate would rise to it; give both`,
  );
}

function tryModel(model: LayerList, seqLen: number, reader: RecipeReader): ModelParts | undefined {
  try {
    return buildModel(model, { seqLen });
  } catch (error) {
    if (!(error instanceof RecipeError)) throw error;
    reader.issues.push(...error.issues);
    return undefined;
  }
}

/** Whether a text of a recipe is in files, or in a data set that is; otherwise a plugin's source gives it. */
export function isFiles(text: RecipeSettings['data']['source']): text is string | string[] {
  return typeof text === 'string' || Array.isArray(text);
}

/** Sources that are not files. */
export const NAMED_SOURCES: readonly string[] = ['sample', ...Object.keys(DATASETS)];

/**
 * Relative paths start from the folder of the file that they are written in, or from the working directory in `--set`;
 * `~/` is the home folder in both.
 */
function resolvePaths(recipe: RecipeSettings, tree: MapTree): RecipeSettings {
  const absolute = (path: string, ...keys: readonly PropertyKey[]): string =>
    resolve(placeOf(tree, keys).dir, fromHome(path));
  const files = (value: RecipeSettings['data']['source'], key: string): typeof value => {
    if (!isFiles(value)) return value;
    if (Array.isArray(value)) return value.map((path, i) => absolute(path, 'data', key, i));
    return NAMED_SOURCES.includes(value) ? value : absolute(value, 'data', key);
  };
  const { data, tokenizer, plugins } = recipe;
  const { source, valid, cache_dir } = data;
  return {
    ...recipe,
    plugins: [...new Set(plugins.map((path, i) => absolute(path, 'plugins', i)))],
    tokenizer: { ...tokenizer, file: tokenizer.file && absolute(tokenizer.file, 'tokenizer', 'file') },
    data: {
      ...data,
      source: files(source, 'source'),
      valid: valid === null ? null : files(valid, 'valid'),
      cache_dir: cache_dir === null ? null : absolute(cache_dir, 'data', 'cache_dir'),
    },
  };
}

function withName(tree: MapTree, name: string): MapTree {
  if (tree.entries.has('name')) return tree;
  const { place } = tree;
  return { ...tree, entries: new Map([['name', { place, value: toTree(name, place) }], ...tree.entries]) };
}

async function usePlugins(tree: MapTree, reader: RecipeReader): Promise<void> {
  const list = entry(tree, 'plugins')?.value;
  const seen = new Set<string>();
  for (const item of list?.kind === 'list' ? list.items : []) {
    if (item.kind !== 'scalar' || typeof item.value !== 'string') continue;
    const file = resolve(item.place.dir, fromHome(item.value));
    if (seen.has(file)) continue;
    seen.add(file);
    try {
      for (const plugin of await loadPlugins([file], item.place.dir)) reader.registry.use(plugin);
    } catch (error) {
      reader.report(item.place, error instanceof Error ? error.message : String(error));
      reader.namesAreIncomplete = true;
    }
  }
}

/** A change that can't be made is reported, and left out. */
function applyChanges(tree: MapTree, changes: readonly Change[], reader: RecipeReader): MapTree {
  let changed: Tree = tree;
  for (const change of changes) {
    const set = typeof change === 'string' ? change : change.set;
    const place = changePlace(change);
    const [, path, text] = /^([^=]+)=(.*)$/s.exec(set) ?? [];
    const keys = path?.trim().split('.') ?? [];
    if (path === undefined || text === undefined || keys.some((key) => key === '')) {
      reader.report(place, 'expected key=value, such as optimizer.lr=0.02');
      continue;
    }
    const first = keys[0]!;
    if (Object.hasOwn(FILE_KEYS, first)) {
      reader.report(place, `'${first}' can only be in a file`);
      continue;
    }
    try {
      const { tree: value, issues } = parseYaml(text, () => place);
      reader.reportSyntax(issues);
      const result = setAt(changed, keys, value, place);
      if (typeof result === 'string') reader.report(place, result);
      else changed = result;
    } catch (error) {
      if (!(error instanceof RecipeError)) throw error;
      reader.issues.push(...error.issues);
    }
  }
  return changed as MapTree;
}
