import { createReadStream, existsSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { parse } from 'yaml';
import { describeModel } from '../compose/describe.ts';
import { commandLine } from '../core/command-line.ts';
import { FlashError } from '../core/errors.ts';
import type { StepEvent } from '../core/hook.ts';
import { fileError } from '../files/files.ts';
import { loadRecipe } from '../recipes/load.ts';
import type { EvalEvent, TrainEvent } from '../train/events.ts';
import { runFiles } from '../train/run-directory.ts';
import { notARun } from '../train/run-list.ts';
import { checkArguments } from './arguments.ts';

/** One run as `compareRuns` shows it. */
export interface ComparedRun {
  readonly directory: string;
  /** Of the recipe. */
  readonly name: string;
  readonly seed: number;
  /** Size of the tokenizer's vocabulary. */
  readonly vocab: number;
  readonly step: number;
  /** Tokens trained on, repetitions included. */
  readonly tokens: number;
  /** Training time over all sittings: evaluation and checkpoints are not in it. */
  readonly seconds: number;
  /** Over the whole training time; null before the first step. */
  readonly tokensPerSecond: number | null;
  readonly parameters: number;
  /** Bytes of the weights where ternary ones take 2 bits and all others 32. */
  readonly packedBytes: number;
  readonly backend: string | null;
  readonly compute: string | null;
  /** The last evaluation: on validation data where the run has any, else on its training text; null before the first. */
  readonly evaluation: EvalEvent | null;
}

/** Runs of one recipe that differ in nothing but `train.seed`. */
export interface SeedGroup {
  /** Places in `runs`. */
  readonly runs: readonly number[];
  readonly mean: number;
  /** Sample standard deviation. */
  readonly deviation: number;
  readonly least: number;
  readonly most: number;
}

/** A setting that is not the same in all recipes. */
export interface RecipeDifference {
  /** As `--set` takes it: `optimizer.lr`, `model.1.repeat`; `model` where the models have different layers. */
  readonly key: string;
  /** By run, as JSON; null where a recipe does not have it. */
  readonly values: readonly (string | null)[];
}

/** A run that is left out of a comparison. */
export interface UnreadRun {
  /** As it was named. */
  readonly directory: string;
  readonly error: FlashError;
}

export interface RunComparison {
  /** In the order in which they were named. */
  readonly runs: readonly ComparedRun[];
  /** Those that cannot be compared, and why: what is no run, a recipe whose plugin is not there any more. */
  readonly unread: readonly UnreadRun[];
  /** Bits a character by recipe, for recipes that were trained with several seeds. */
  readonly seeds: readonly SeedGroup[];
  readonly differences: readonly RecipeDifference[];
  /** Why figures of some of the runs cannot be compared. */
  readonly warnings: readonly string[];
}

/**
 * The scores, speed and size of runs side by side, and what differs in their recipes. Runs may be training. Nothing is
 * computed: figures are those of each run's metrics.jsonl.
 * @throws FlashError when none of them can be read.
 */
export async function compareRuns(directories: readonly string[]): Promise<RunComparison> {
  checkArguments('compareRuns', { directories });
  const all = await Promise.all(directories.map(readOrFail));
  const unread = all.filter((one) => 'error' in one);
  const read = all.filter((one) => 'run' in one);
  if (read.length === 0 && unread.length > 0) throw unread[0]!.error;
  const runs = read.map(({ run }) => run);
  const settings = read.map(({ settings }) => settings);
  return {
    runs,
    unread,
    seeds: seedGroups(runs, settings),
    differences: differencesOf(runs, settings),
    warnings: warningsOf(runs),
  };
}

/** The values of a recipe by key: `optimizer.lr` -> `0.004`. */
type Settings = ReadonlyMap<string, string>;

interface ReadRun {
  readonly run: ComparedRun;
  readonly settings: Settings;
}

const readOrFail = (directory: string): Promise<ReadRun | UnreadRun> =>
  readRun(directory).catch((error) => {
    if (error instanceof FlashError) return { directory, error };
    throw error;
  });

async function readRun(path: string): Promise<ReadRun> {
  const real = await realpath(path).catch(() => path);
  // For a checkpoint, the run that it belongs to.
  const directory = existsSync(join(real, 'model.safetensors')) ? dirname(dirname(real)) : real;
  const files = runFiles(directory);
  const text = await readFile(files.recipe, 'utf8').catch(async () => {
    throw await notARun(path);
  });
  const recipe = await loadRecipe(files.recipe);
  const { parameters, ternaryShare } = describeModel(recipe);
  const { last, evaluation } = await readMetrics(files.metrics);
  const ternary = Math.round(parameters * ternaryShare);
  const run = {
    directory,
    name: recipe.name,
    seed: recipe.train.seed,
    vocab: recipe.tokenizer.vocab,
    step: last?.step ?? 0,
    tokens: last?.tokens ?? 0,
    seconds: last?.seconds ?? 0,
    tokensPerSecond: last ? last.tokens / last.seconds : null,
    parameters,
    packedBytes: Math.ceil(ternary / 4) + 4 * (parameters - ternary),
    backend: last?.backend ?? null,
    compute: last?.compute ?? null,
    evaluation,
  };
  return { run, settings: new Map(flatten(parse(text), '')) };
}

/** A run of weeks has millions of lines: of each only what is needed stays. */
async function readMetrics(path: string) {
  const evaluations = new Map<string, EvalEvent>();
  let last: StepEvent | undefined;
  try {
    for await (const line of createInterface({
      input: createReadStream(path),
      crlfDelay: Number.POSITIVE_INFINITY,
    })) {
      const event = eventOf(line);
      if (event?.event === 'eval') evaluations.set(event.split, event);
      if (event?.event === 'step') last = event;
    }
  } catch (error) {
    throw fileError(error, 'Cannot read the metrics of the run', path);
  }
  return { last, evaluation: evaluations.get('valid') ?? evaluations.get('train') ?? null };
}

/** Undefined for the line that a run is writing just now. */
function eventOf(line: string): TrainEvent | undefined {
  try {
    return JSON.parse(line) as TrainEvent;
  } catch {
    return undefined;
  }
}

function* flatten(value: unknown, key: string): Generator<[key: string, value: string]> {
  if (typeof value !== 'object' || value === null) yield [key, JSON.stringify(value)];
  else if (Array.isArray(value)) {
    for (const [i, inner] of value.entries()) yield* flatten(inner, `${key}.${i}`);
  } else
    for (const [name, inner] of Object.entries(value)) yield* flatten(inner, key ? `${key}.${name}` : name);
}

/** Names say nothing about what was trained, and the seed is what makes runs of one recipe differ. */
const SEED = 'train.seed';
const isSame = (a: Settings, b: Settings): boolean =>
  [...new Set([...a.keys(), ...b.keys()])].every((key) => key === SEED || a.get(key) === b.get(key));

function seedGroups(runs: readonly ComparedRun[], settings: readonly Settings[]): SeedGroup[] {
  const groups: number[][] = [];
  for (const i of runs.keys()) {
    const group = groups.find(([first]) => isSame(settings[first!]!, settings[i]!));
    if (group) group.push(i);
    else groups.push([i]);
  }
  return groups.flatMap((group) => {
    const scored = group.filter((i) => typeof runs[i]!.evaluation?.bpc === 'number');
    const seeds = new Set(scored.map((i) => runs[i]!.seed));
    return seeds.size > 1
      ? [
          summarise(
            scored,
            scored.map((i) => runs[i]!.evaluation!.bpc!),
          ),
        ]
      : [];
  });
}

function summarise(runs: readonly number[], values: readonly number[]): SeedGroup {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    runs,
    mean,
    deviation: Math.sqrt(squares / (values.length - 1)),
    least: Math.min(...values),
    most: Math.max(...values),
  };
}

/** Models that differ in more places are different models: the places say nothing. */
const MOST_PLACES = 8;
const MODEL = /^(model|blocks|sizes)\b/;

function differencesOf(runs: readonly ComparedRun[], settings: readonly Settings[]): RecipeDifference[] {
  const keys = [...new Set(settings.flatMap((of) => [...of.keys()]))];
  const different = keys
    .map((key) => ({ key, values: settings.map((of) => of.get(key) ?? null) }))
    .filter(({ values }) => new Set(values).size > 1);
  const inModel = different.filter(({ key }) => MODEL.test(key));
  if (inModel.length <= MOST_PLACES) return different;
  const models = settings.map((of) => JSON.stringify([...of].filter(([key]) => MODEL.test(key))));
  const distinct = [...new Set(models)];
  const sizeOf = (model: string): number => runs[models.indexOf(model)]!.parameters;
  const values = models.map((model) => {
    const alike = distinct.filter((other) => sizeOf(other) === sizeOf(model));
    const which = alike.length > 1 ? `, ${alike.indexOf(model) + 1} of ${alike.length} such` : '';
    return `${sizeOf(model).toLocaleString('en-US')} parameters${which}`;
  });
  return [{ key: 'model', values }, ...different.filter(({ key }) => !MODEL.test(key))];
}

function warningsOf(runs: readonly ComparedRun[]): string[] {
  const nameOf = ({ directory }: ComparedRun): string => basename(directory);
  const without = runs.filter(({ evaluation }) => !evaluation);
  const vocabularies = new Set(runs.map(({ vocab }) => vocab));
  const texts = new Set(
    runs.flatMap(({ evaluation }) =>
      evaluation ? [`${evaluation.split} ${evaluation.characters} ${evaluation.bytes}`] : [],
    ),
  );
  return [
    ...without.map((run) => `${nameOf(run)} is at step ${run.step} and has not been evaluated yet`),
    ...(vocabularies.size > 1
      ? ['the runs have different tokenizers: compare BPC, not PPL, which is of a token']
      : []),
    ...(texts.size > 1
      ? [
          'the runs were evaluated on different texts or parts of one, so their scores cannot be compared; ' +
            `${commandLine`eval RUN --data FILE`} scores each of them on all of the same one`,
        ]
      : []),
  ];
}
