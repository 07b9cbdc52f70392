import { z } from 'zod';
import { type ComposedTraining, composeBackend, composeTraining } from '../compose/run.ts';
import { limitFlags, runLimits, scheduleMeasure, tokensPerStep } from '../compose/run-limits.ts';
import { commandLine } from '../core/command-line.ts';
import { computeNotice, computeOn } from '../core/compute.ts';
import { FlashError } from '../core/errors.ts';
import type { Hook } from '../core/hook.ts';
import { orderVersion } from '../data/batches.ts';
import type { PreparedData, PrepareProgress } from '../data/prepare.ts';
import type { Tokenizer } from '../data/tokenizer/tokenizer.ts';
import { writeFileAtomic } from '../files/files.ts';
import { callback, checkOptions, optionsOf as libraryOptions } from '../recipes/check-options.ts';
import { createPart } from '../recipes/create.ts';
import { fillRecipe } from '../recipes/fill.ts';
import { type Change, loadRecipe, type Recipe } from '../recipes/load.ts';
import { shown } from '../recipes/read-file.ts';
import type { TrainEvent } from '../train/events.ts';
import { limitsAfter, type MoreTraining } from '../train/limits.ts';
import { Run, type RunOptions } from '../train/run.ts';
import { RunDirectory } from '../train/run-directory.ts';
import { FLOOR_TOKENS, textFloor } from '../train/text-floor.ts';
import { tokenText } from '../train/token-text.ts';
import { windowsFor } from '../train/windows.ts';
import { checkUnasked, refuseLeak } from '../verify/causal-claim.ts';
import { checkArguments } from './arguments.ts';
import { fingerprint } from './fingerprint.ts';
import { drawing } from './generate-text.ts';
import { batchesOf, batchOptions, documentNotices, resetAt } from './run-batches.ts';
import { movedText, openTexts, prepareRunData, type RunData } from './run-data.ts';
import { runTokenizer } from './run-tokenizer.ts';

export interface SessionOptions {
  /** Every event, after it was written to metrics.jsonl. */
  readonly report: (event: TrainEvent) => void;
  /** What a person should know, in whole sentences. */
  readonly onNotice: (notice: string) => void;
  readonly onPrepare?: (progress: PrepareProgress) => void;
  /** How far another piece of work is that comes before the run, from 0 to 1. */
  readonly onTask?: (task: string, share: number) => void;
  readonly hooks?: readonly Hook[];
  readonly signal?: AbortSignal;
}

/** `report` and `onNotice` must be there; all others may be left out. */
export const SESSION_OPTIONS = libraryOptions<SessionOptions>({
  report: callback,
  onNotice: callback,
  onPrepare: callback,
  onTask: callback,
  hooks: z.array(libraryOptions<Hook>({ onStep: callback, onEnd: callback, onProgress: callback }).loose()),
  signal: z.instanceof(AbortSignal),
}).required({ report: true, onNotice: true });

/** A training run of a recipe, ready to go; `close` gives its directory, data and backend free. */
export interface Session {
  readonly recipe: Recipe;
  readonly composed: ComposedTraining;
  readonly data: RunData;
  readonly directory: RunDirectory;
  readonly run: Run;
  /** Steps that the run has done. */
  readonly startStep: number;
  /** The floor of the training text (see `textFloor`). */
  readonly floor: number | null;
  /** The flags of an end that is not in the run's own recipe: resuming again needs them again. */
  readonly otherEnd: string;
  close(): Promise<void>;
}

/** A new run in `<root>/<name>-<date>/`. @throws FlashError, before the directory is made where possible. */
export async function startRun(recipe: Recipe, root: string, options: SessionOptions): Promise<Session> {
  checkArguments('startRun', { loaded: recipe, folder: root });
  checkOptions('startRun', 'the options', SESSION_OPTIONS, options);
  const createDirectory = ({ train }: RunData) =>
    RunDirectory.create(root, recipe.name, new Date(), async (files) => {
      await writeFileAtomic(files.recipe, fillRecipe(recipe));
      await train.tokenizer.save(files.tokenizer);
    });
  return open(recipe, options, undefined, createDirectory, () => checkCausality(recipe, options));
}

/**
 * Checks in a separate model that no row sees a later token; recipes that declare themselves non-causal are skipped.
 * @throws FlashError for a recipe whose model does, and that does not declare it.
 */
function checkCausality(recipe: Recipe, { onTask }: SessionOptions): void {
  if (!recipe.causal) return;
  const results = checkUnasked(recipe, (share) => onTask?.('checking that no row sees a later token', share));
  refuseLeak(recipe, results);
}

/**
 * Continues the run in `path` from its newest complete checkpoint. `set` may only change what ends the run. `places` says
 * where its texts are if they were moved, and is written into its recipe. `more` replaces the run's own limits: the run
 * trains this much longer.
 * @throws FlashError when the texts there are not those of the run.
 */
export async function resumeRun(
  path: string,
  options: SessionOptions,
  set: readonly Change[] = [],
  places: readonly Change[] = [],
  more?: MoreTraining,
): Promise<Session> {
  checkArguments('resumeRun', { directory: path, changes: set, places });
  checkOptions('resumeRun', 'the options', SESSION_OPTIONS, options);
  const directory = await RunDirectory.open(path);
  const load = (changes: readonly Change[]) => loadRecipe(directory.files.recipe, { set: changes });
  let session: Session | undefined;
  try {
    const recipe = await load([...places, ...set]);
    const tokenizer = runTokenizer(directory.files.tokenizer, recipe);
    session = await open(recipe, options, tokenizer, async () => directory).catch((error) => {
      const run = shown(directory.path);
      throw movedText(error, recipe, (flag) => `${commandLine`train --resume ${run}`} ${flag} FILE`);
    });
    if (more) endAfter(session, more);
    const ownRecipe = await load(places);
    noteStretch(session, ownRecipe, options.onNotice);
    // Written once the checkpoint has been compared: every later command finds the texts.
    if (places.length > 0) await writeFileAtomic(directory.files.recipe, fillRecipe(ownRecipe));
    const own = limitFlags(runLimits(ownRecipe));
    const flags = limitFlags(session.run.trainer.limits);
    return { ...session, otherEnd: flags === own ? '' : flags };
  } catch (error) {
    await (session ?? directory).close();
    throw error;
  }
}

/** @throws FlashError when the schedule runs over another measure than `more`. */
function endAfter({ recipe, run }: Session, more: MoreTraining): void {
  const limits = limitsAfter(more, run.trainer.progress);
  const measure = scheduleMeasure(recipe, limits);
  if (measure !== more.measure) {
    throw new FlashError(`The schedule goes over ${measure}, and --more is in ${more.measure}`, {
      remedy: `Give --more in ${measure}.`,
      exitCode: 2,
    });
  }
  run.trainer.endAt({ limits, measure });
}

/** Another end than the one of the run's own recipe gives other rates from here on, which is worth a notice. */
function noteStretch({ run, startStep }: Session, own: Recipe, onNotice: (notice: string) => void): void {
  const rate = (lr: number): string => String(Number(lr.toPrecision(3)));
  const before = rate(run.trainer.rateWith({ limits: runLimits(own), measure: scheduleMeasure(own) }));
  const now = rate(run.trainer.rateWith());
  if (before === now || startStep === 0) return;
  onNotice(
    `The new end stretches the schedule to it: the learning rate of the next step is ${now}, ` +
      `with the run's own end it is ${before}.`,
  );
}

async function open(
  recipe: Recipe,
  options: SessionOptions,
  tokenizer: Tokenizer | undefined,
  openDirectory: (data: RunData) => Promise<RunDirectory>,
  gate?: () => void,
): Promise<Session> {
  const undo: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const hooks = recipe.hooks.map(createPart);
    // What takes seconds comes after the backend is there and the texts are: what is impossible is refused at once.
    composeBackend(recipe).backend.dispose();
    await openTexts(recipe);
    gate?.();
    const composed = composeTraining(recipe);
    undo.push(() => composed.dispose());
    for (const notice of composed.notices) options.onNotice(notice);
    const { backend, model } = composed;
    const shortfall = computeNotice(backend, recipe.compute);
    if (shortfall) options.onNotice(shortfall);
    const { onPrepare: onProgress, signal } = options;
    const data = await prepareRunData(recipe, { onProgress, signal }, tokenizer);
    undo.push(
      () => data.train.tokens.close(),
      () => data.valid?.tokens.close(),
    );
    for (const notice of [...data.train.notices, ...(data.valid?.notices ?? [])]) options.onNotice(notice);
    const { tokens } = data.train;
    const batches = batchesOf(recipe, tokens);
    for (const notice of documentNotices(recipe, tokens, batches)) options.onNotice(notice);

    const directory = await openDirectory(data);
    undo.push(() => directory.close());
    const { optimizer, optimizerPlan, schedule, decaySchedule } = composed;
    const parts = { model, optimizer, optimizerPlan, schedule, decaySchedule, batches };
    const texts = {
      tokenizer: data.train.tokenizer,
      train: tokenText(
        'train',
        tokens,
        data.train.tokenizer,
        trainTextTokens(recipe, model.coupling === 'row'),
      ),
      valid:
        data.valid &&
        tokenText('valid', data.valid.tokens, data.train.tokenizer, recipe.eval.tokens ?? undefined),
    };
    const compute = computeOn(backend, recipe.compute);
    const runOptions = {
      ...optionsOf(recipe, data),
      resetAt: resetAt(recipe, tokens),
      tokensPerEpoch: batches.epochPositions,
      compute,
    };
    const run = new Run(parts, texts, runOptions, directory, options.report, [
      ...hooks,
      ...(options.hooks ?? []),
    ]);
    const startStep = await run.restore(options.onNotice);
    const floor = textFloor(model, tokens);
    return { recipe, composed, data, directory, run, startStep, floor, otherEnd: '', close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** How much of the training text is evaluated at the end: it costs next to nothing where it collapses. */
function trainTextTokens(recipe: Recipe, tokenWise: boolean): number {
  return recipe.eval.tokens ?? (tokenWise && recipe.collapse === 'auto' ? FLOOR_TOKENS : 50_000);
}

function describeText({ tokens, identity }: PreparedData): string {
  return `${tokens.tokens} tokens of ${tokens.info.documents} documents (${identity})`;
}

function optionsOf(recipe: Recipe, texts: RunData): Omit<RunOptions, 'tokensPerEpoch'> {
  const { train, checkpoint, sample } = recipe;
  return {
    name: recipe.name,
    data: describeText(texts.train),
    valid: texts.valid && describeText(texts.valid),
    recipe: fingerprint(recipe),
    order: orderVersion(batchOptions(recipe)),
    seed: train.seed,
    causal: recipe.causal,
    limits: runLimits(recipe),
    measure: scheduleMeasure(recipe),
    clip: train.clip,
    collapse: recipe.collapse,
    seqLen: recipe.data.seq_len,
    tokensPerStep: tokensPerStep(recipe),
    blockRows: train.block_rows,
    windows: windowsFor(recipe.eval, recipe.data.seq_len),
    checkpointEvery: checkpoint.every,
    keep: checkpoint.keep,
    evalEvery: recipe.eval.every,
    sampleEvery: sample.every,
    sample: { prompt: sample.prompt, ...drawing(recipe) },
  };
}
