import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { computeName } from '../core/compute.ts';
import { FlashError } from '../core/errors.ts';
import type { Hook, StepEvent, WorkProgress } from '../core/hook.ts';
import { Random } from '../core/random.ts';
import type { Tokenizer } from '../data/tokenizer/tokenizer.ts';
import type { Model } from '../runtime/model.ts';
import { checkpointName, latestCheckpoint } from './checkpoint-files.ts';
import { Evaluator } from './evaluate.ts';
import type { DoneEvent, SampleEvent, TrainEvent } from './events.ts';
import { NonFiniteError, nonFiniteAdvice } from './explain-non-finite.ts';
import { type Fingerprints, isSameRecipe, requireSameTokenizer } from './fingerprints.ts';
import { TextGenerator } from './generate.ts';
import { reached } from './limits.ts';
import type { MetricsLog } from './metrics-log.ts';
import type { RunDirectory } from './run-directory.ts';
import { appendSample, restoreSamples } from './samples.ts';
import type { EvaluationText } from './scorer.ts';
import { restoreSnapshot, takeSnapshot } from './snapshot.ts';
import { ternaryReport } from './ternary-report.ts';
import { Trainer, type TrainerOptions, type TrainerParts } from './trainer.ts';
import type { Windows } from './windows.ts';
import { longestText, type TextRequest, writeText } from './write-text.ts';

export interface RunOptions extends TrainerOptions {
  readonly name: string;
  readonly seed: number;
  /** Whether the model is said to see no later token; every evaluation carries it. */
  readonly causal: boolean;
  /** How long documents are evaluated, where the model can't read them at once. */
  readonly windows: Windows;
  /** Steps between checkpoints, evaluations and samples; null for none before the end. */
  readonly checkpointEvery: number | null;
  readonly evalEvery: number | null;
  readonly sampleEvery: number | null;
  /** What the run trains on, in words that name its content: a run does not go on with other data. */
  readonly data: string;
  /** The validation data likewise, null where there is none. */
  readonly valid: string | null;
  /** Stands for everything in the recipe that affects the weights. */
  readonly recipe: string;
  /** The version of the order of batches (`ORDER_VERSIONS`). */
  readonly order: number;
  /** How many checkpoints stay. */
  readonly keep: number;
  readonly sample: TextRequest;
}

/** The texts of a run. */
export interface RunTexts {
  readonly tokenizer: Tokenizer;
  readonly train: EvaluationText;
  readonly valid: EvaluationText | null;
}

/** A training run in its directory: trains, evaluates, samples, writes checkpoints and metrics, and can go on later. */
export class Run {
  readonly trainer: Trainer;
  private readonly evaluator: Evaluator;
  private readonly generator: TextGenerator;
  private metrics!: MetricsLog;
  /** What the log already holds of the step that the run continues from. */
  private readonly written = new Set<string>();
  private saved = -1;
  /** An evaluation ended in an error, which a run that goes on from the checkpoint would meet again. */
  evaluationFailed = false;

  constructor(
    private readonly parts: TrainerParts,
    private readonly texts: RunTexts,
    private readonly options: RunOptions,
    private readonly directory: RunDirectory,
    private readonly report: (event: TrainEvent) => void,
    private readonly hooks: readonly Hook[] = [],
  ) {
    const { model } = parts;
    this.trainer = new Trainer(parts, options, [{ onStep: (event) => this.afterStep(event) }, ...hooks]);
    this.evaluator = new Evaluator(model, options);
    const { sample } = options;
    const context = longestText(texts.tokenizer, [sample.prompt], sample);
    this.generator = new TextGenerator(model, 1, context);
  }

  get model(): Model {
    return this.parts.model;
  }

  private get fingerprints(): Fingerprints {
    return { recipe: this.options.recipe, tokenizer: this.texts.tokenizer.fingerprint };
  }

  private get compute(): string {
    return computeName(this.trainer.compute);
  }

  /** Continues from the newest complete checkpoint, if there is one. @returns the step it is at. */
  async restore(onWarning: (message: string) => void): Promise<number> {
    const checkpoint = await latestCheckpoint(this.directory.files.checkpoints, onWarning);
    if (!checkpoint) return 0;
    try {
      // Older checkpoints have no `order`: they were written before an order changed its meaning.
      const { data, order = 1, valid = this.options.valid } = checkpoint.state;
      requireSameTokenizer(checkpoint, this.fingerprints, this.directory.files.tokenizer);
      if (!isSameRecipe(checkpoint, this.fingerprints)) {
        onWarning('The recipe has changed since the checkpoint: the run will not end as it would have.');
      }
      if (data !== this.options.data) {
        throw this.otherData(`The run was trained on ${data}; the data is now ${this.options.data}`);
      }
      if (valid !== this.options.valid) {
        const was = `The run's validation data was ${valid ?? 'none'}`;
        throw this.otherData(`${was}; it is now ${this.options.valid ?? 'none'}`);
      }
      if (order !== this.options.order) {
        onWarning(
          'The checkpoint is from a version of FlashLM in which `data.order` gave other batches: the run will not end ' +
            'as it would have.',
        );
      }
      // Older checkpoints have no `compute`: there was only float32.
      const { backend, compute = 'f32' } = checkpoint.model.metadata;
      if (backend !== this.model.backend.name) {
        onWarning(
          `The run continues on ${this.model.backend.name}, so not to the bit as it would have on ${backend}.`,
        );
      }
      if (compute !== this.compute) {
        onWarning(
          `The run continues with compute ${this.compute}, so not to the bit as it would have with ${compute}.`,
        );
      }
      this.trainer.restore(await restoreSnapshot(this.model, this.parts.optimizerPlan, checkpoint));
    } finally {
      await checkpoint.close();
    }
    this.saved = checkpoint.step;
    return checkpoint.step;
  }

  private otherData(what: string): FlashError {
    return new FlashError(what, {
      where: this.directory.path,
      remedy: 'Give the same content (files may have moved: --data FILE, --valid FILE), or start a new run.',
    });
  }

  /**
   * Trains to the end, or to the end of the step in which `signal` aborts. Weights are safe on disk when it returns;
   * when it throws, the last checkpoint is the one before.
   */
  async run(signal?: AbortSignal): Promise<DoneEvent> {
    await this.openLogs();
    // The first weights too: a run that is killed early starts again from the very same.
    await this.save();
    const clock = this.model.backend.clock;
    const before = this.trainer.state.seconds;
    clock?.take();
    const ending = await this.trainer.run(signal);
    const { step, seconds } = this.trainer.state;
    if (clock) this.emit({ event: 'timing', step, seconds: seconds - before, ...clock.take() });
    await this.save();
    if (ending !== 'interrupted') {
      await this.evaluate(this.texts.train);
      if (this.texts.valid) await this.evaluate(this.texts.valid);
      await this.sample();
    }
    const done: DoneEvent = { event: 'done', runDir: this.directory.path, seconds, step, ending };
    this.emit(done);
    return done;
  }

  /** Truncates metrics and samples to the checkpoint's step; later lines will be written again. */
  private async openLogs(): Promise<void> {
    const { step } = this.trainer.state;
    const samples: SampleEvent[] = [];
    let complete = false;
    this.metrics = this.directory.openMetrics(step, {
      ended: reached(this.trainer.limits, this.trainer.progress) !== null,
      onKept: (event) => {
        if (event.event === 'sample') samples.push(event as unknown as SampleEvent);
        if (isResult(event) && event.step === step) this.written.add(resultName(event));
        if (event.event === 'checkpoint' && event.step === step) complete = true;
      },
    });
    // A log without the line is not the checkpoint's own, or the process was killed between the one and the other.
    if (complete) await restoreSamples(this.directory.files.samples, samples);
    else if (step === this.saved) await this.afterSave();
  }

  private async afterStep(event: StepEvent): Promise<void> {
    const { checkpointEvery, evalEvery, sampleEvery } = this.options;
    const due = (every: number | null): boolean => every !== null && event.step % every === 0;
    this.emit(event);
    const isLast = reached(this.trainer.limits, this.trainer.progress) !== null;
    // Before an evaluation makes the codes again.
    if (isLast || due(evalEvery)) this.reportCodes();
    // The end of a run evaluates and samples anyway.
    if (!isLast) {
      if (due(evalEvery) && this.texts.valid) await this.evaluate(this.texts.valid);
      if (due(sampleEvery)) await this.sample();
    }
    if (due(checkpointEvery)) await this.save();
  }

  private async evaluate(text: EvaluationText): Promise<void> {
    const tell = this.progressOf({ work: 'evaluation', split: text.split });
    const { step } = this.trainer.state;
    const event = await this.evaluator.evaluateInPieces(text, step, tell).catch((error) => {
      this.evaluationFailed = true;
      throw error;
    });
    this.emit(event);
  }

  private reportCodes(): void {
    const { step } = this.trainer.state;
    this.refuseNonFinite(step);
    const event = ternaryReport(this.model, step);
    if (event) this.emit(event);
  }

  /** Tells the hooks how far a piece of work is that begins now. */
  private progressOf(what: Pick<WorkProgress, 'work' | 'split'>): (share: number) => void {
    const began = performance.now();
    return (share) => {
      const progress = { ...what, share, seconds: (performance.now() - began) / 1000 };
      for (const hook of this.hooks) hook.onProgress?.(progress);
    };
  }

  private async sample(): Promise<void> {
    const { step } = this.trainer.state;
    const { sample, seed } = this.options;
    const random = new Random(seed, `sample/${step}`);
    const tell = this.progressOf({ work: 'sample' });
    let text = sample.prompt;
    let tokens = 0;
    for (const piece of writeText(this.generator, this.texts.tokenizer, sample, random)) {
      text += piece;
      tell(++tokens / sample.maxTokens);
      // Lets signals in: a slow model takes seconds for a token.
      await setImmediate();
    }
    const event: SampleEvent = { event: 'sample', step, prompt: sample.prompt, text };
    if (!this.written.has(resultName(event))) appendSample(this.directory.files.samples, event);
    this.emit(event);
  }

  private async save(): Promise<void> {
    const { step } = this.trainer.state;
    if (step === this.saved) return;
    this.refuseNonFinite(step);
    const { data, valid, order } = this.options;
    const state = { ...this.trainer.state, ...this.fingerprints, data, valid, order };
    const snapshot = takeSnapshot(this.model, this.parts.optimizerPlan, state, {
      recipe: this.options.name,
      backend: this.model.backend.name,
      compute: this.compute,
    });
    await this.directory.writeCheckpoint(step, snapshot);
    this.saved = step;
    await this.afterSave();
  }

  private async afterSave(): Promise<void> {
    const dir = join(this.directory.files.checkpoints, checkpointName(this.saved));
    await this.directory.pruneCheckpoints(this.saved, this.options.keep);
    this.emit({ event: 'checkpoint', step: this.saved, dir });
  }

  /** An update can overflow after a step whose loss was a number: the checkpoint before must stay the last. */
  private refuseNonFinite(step: number): void {
    const { model, optimizerPlan } = this.parts;
    for (const flat of [model.store.values, ...optimizerPlan.slots.map((slot) => slot.flat)]) {
      if (Number.isFinite(model.backend.kernels.sumSquares(flat))) continue;
      const what = step === 0 ? 'the first weights have' : 'the update left';
      throw new NonFiniteError(`step ${step}: ${what} ${flat.label} that are not finite numbers`, {
        remedy: `No checkpoint was written. ${nonFiniteAdvice(model.store, step)}`,
      });
    }
  }

  private emit(event: TrainEvent): void {
    if (!this.written.has(resultName(event))) this.metrics.append(event);
    this.report(event);
  }
}

type NamedEvent = { readonly [key in 'event' | 'step' | 'split']?: unknown };

/** What a step has once, and would have again the same if it was worked out twice. */
const isResult = ({ event }: NamedEvent): boolean => event === 'eval' || event === 'sample';

const resultName = ({ event, step, split }: NamedEvent): string => `${event} ${split} ${step}`;
