import { type Compute, computeName, FLOAT32 } from '../core/compute.ts';
import { FlashError } from '../core/errors.ts';
import type { Ending, Hook, StepEvent, StepMode } from '../core/hook.ts';
import type { Optimizer, OptimizerPlan } from '../core/optimizer.ts';
import type { Schedule } from '../core/schedule.ts';
import { BigramCounts } from '../data/collapse.ts';
import { clipGradients } from '../optim/clip.ts';
import { BatchRunner } from '../runtime/batch-runner.ts';
import type { Pass } from '../runtime/context.ts';
import type { Model } from '../runtime/model.ts';
import { DenseRows, findDocumentStarts, type Rows } from '../runtime/rows.ts';
import { explainNonFinite, NonFiniteError } from './explain-non-finite.ts';
import { type Limits, type Measure, type Progress, reached, shareDone } from './limits.ts';

/** Batch `step` (from 0) is a function of the step alone, so that to resume is to go on. */
export interface Batches {
  fill(step: number, ids: Int32Array, targets: Int32Array): void;
}

/** What a run is made of. The trainer is handed its parts and knows no recipe. */
export interface TrainerParts {
  readonly model: Model;
  readonly optimizer: Optimizer;
  readonly optimizerPlan: OptimizerPlan;
  readonly schedule: Schedule;
  /** What weight decays are multiplied by, from 1 on over the whole run; left out, they stay. */
  readonly decaySchedule?: Schedule;
  readonly batches: Batches;
}

export interface TrainerOptions {
  readonly limits: Limits;
  readonly measure: Measure;
  /** Largest global gradient norm; null never clips. */
  readonly clip: number | null;
  readonly collapse: 'auto' | 'never';
  /** Decides what is drawn at random within a step. */
  readonly seed?: number;
  readonly seqLen: number;
  /** The token after which a document begins: no layer carries anything over it. Left out where documents are joined. */
  readonly resetAt?: number | undefined;
  readonly tokensPerStep: number;
  readonly tokensPerEpoch: number;
  readonly blockRows: number | 'auto';
  /** What products are rounded to in training, float32 where it is left out; evaluation always is in float32. */
  readonly compute?: Compute;
}

/** All of a run that is neither weights nor optimiser slots. The data's position follows from `step`. */
export interface TrainerState {
  readonly step: number;
  /** Training time so far, without evaluation and checkpoints. */
  readonly seconds: number;
  /** Where the run was when warm-up ended, for the schedule. */
  readonly decayStart: Progress | null;
}

const START: Progress = { step: 0, tokens: 0, epochs: 0, seconds: 0 };

const SHORTEST_MS = 1e-3;

/** A step takes time, whatever the clock says: rates stay finite and the budget never grows. */
function secondsSince(began: number): number {
  return Math.max(performance.now() - began, SHORTEST_MS) / 1000;
}

/** Shorter steps count as the clock says: some machines give the CPU time of a process in ticks of milliseconds. */
const SUSPECT_SECONDS = 1;
/** A loaded machine gives a process at least a twentieth of a CPU. One that gets less was stopped. */
const MAX_WALL_PER_CPU = 20;

/** A step counts 20 times its CPU time at most: a stopped process (SIGSTOP, Ctrl-Z) uses none. */
function countedSeconds(wall: number, { user, system }: NodeJS.CpuUsage): number {
  if (wall <= SUSPECT_SECONDS) return wall;
  return Math.min(wall, Math.max(SUSPECT_SECONDS, (MAX_WALL_PER_CPU * (user + system)) / 1e6));
}

/** The loop: batch, forward and backward by blocks, clip, update. */
export class Trainer {
  /** What ends the run, and the one of them that the schedule goes along with. */
  private end: Pick<TrainerOptions, 'limits' | 'measure'>;
  /** A step ended in an error. A run repeats itself: continuing would meet the same error again. */
  failedInStep = false;
  private step = 0;
  private seconds = 0;
  private decayStart: Progress | null = null;
  private readonly runner: BatchRunner;
  private readonly dense: DenseRows;
  private readonly counts: BigramCounts | null;
  private readonly ids: Int32Array;
  private readonly targets: Int32Array;
  /** Of each row the first row of its document; undefined where documents are joined, and where no layer sees another row. */
  private readonly starts: Int32Array | undefined;

  constructor(
    private readonly parts: TrainerParts,
    private readonly options: TrainerOptions,
    private readonly hooks: readonly Hook[] = [],
  ) {
    const { model } = parts;
    const { tokensPerStep } = options;
    this.end = options;
    this.counts = model.coupling === 'row' ? new BigramCounts(model.backend, model.vocab) : null;
    this.runner = new BatchRunner(model, {
      seqLen: options.seqLen,
      blockRows: options.blockRows,
      maxRows: this.mode === 'collapsed' ? Math.min(model.vocab, tokensPerStep) : tokensPerStep,
      maxEntries: tokensPerStep,
      training: true,
      compute: this.compute,
    });
    this.dense = new DenseRows(tokensPerStep);
    this.ids = new Int32Array(tokensPerStep);
    this.targets = new Int32Array(tokensPerStep);
    if (options.resetAt !== undefined && !this.counts) this.starts = new Int32Array(tokensPerStep);
  }

  get mode(): StepMode {
    return this.counts && this.options.collapse === 'auto' ? 'collapsed' : 'dense';
  }

  get compute(): Compute {
    return this.options.compute ?? FLOAT32;
  }

  /** Bytes of activations. */
  get activationBytes(): number {
    return this.runner.blocks.bytes;
  }

  get progress(): Progress {
    const tokens = this.step * this.options.tokensPerStep;
    return { step: this.step, tokens, epochs: tokens / this.options.tokensPerEpoch, seconds: this.seconds };
  }

  get limits(): Limits {
    return this.end.limits;
  }

  get tokensPerStep(): number {
    return this.options.tokensPerStep;
  }

  get tokensPerEpoch(): number {
    return this.options.tokensPerEpoch;
  }

  /** Another end, before `run`. */
  endAt(end: Pick<TrainerOptions, 'limits' | 'measure'>): void {
    this.end = end;
  }

  /** The learning rate of the next step of a run with this end: another end stretches the schedule. */
  rateWith({ limits, measure }: Pick<TrainerOptions, 'limits' | 'measure'> = this.end): number {
    const { optimizer, schedule } = this.parts;
    const start = this.decayStart ?? (this.step >= schedule.warmupSteps ? this.progress : null);
    const done = start ? shareDone(limits, measure, start, this.progress) : 0;
    return schedule.rate(optimizer.lr, this.step, done);
  }

  private decayFactor(): number {
    const { decaySchedule } = this.parts;
    if (!decaySchedule) return 1;
    return decaySchedule.rate(1, this.step, this.shareOfRun());
  }

  private shareOfRun(): number {
    const { limits, measure } = this.end;
    return shareDone(limits, measure, START, this.progress);
  }

  get state(): TrainerState {
    return { step: this.step, seconds: this.seconds, decayStart: this.decayStart };
  }

  restore(state: TrainerState): void {
    this.step = state.step;
    this.seconds = state.seconds;
    this.decayStart = state.decayStart;
  }

  /**
   * Runs until a limit is reached or `signal` aborts; the step under way is always finished.
   * @throws FlashError when the loss or a gradient stops being a number; the parameters are then those before the step.
   */
  async run(signal?: AbortSignal): Promise<Ending> {
    let ending = reached(this.limits, this.progress);
    while (!ending) {
      const event = await this.trainStep();
      for (const hook of this.hooks) await hook.onStep?.(event);
      ending = reached(this.limits, this.progress) ?? (signal?.aborted ? 'interrupted' : null);
    }
    for (const hook of this.hooks) await hook.onEnd?.(ending);
    return ending;
  }

  private async trainStep(): Promise<StepEvent> {
    const { watch } = this.parts.model.backend;
    watch?.beginStep?.(this.step);
    try {
      return await this.stepOnce();
    } catch (error) {
      this.failedInStep = true;
      throw error;
    } finally {
      watch?.endStep?.();
    }
  }

  private async stepOnce(): Promise<StepEvent> {
    const began = performance.now();
    const cpu = process.cpuUsage();
    const { store, backend } = this.parts.model;
    const rows = this.nextRows();
    const loss = await this.accumulate(rows, began);
    const gradNorm = clipGradients(backend.kernels, store.grads, this.options.clip);
    if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) this.refuseNonFinite(rows, loss, gradNorm);
    const lr = this.update();
    const floor = this.counts?.floor() ?? null;
    this.step++;
    const seconds = countedSeconds(secondsSince(began), process.cpuUsage(cpu));
    this.seconds += seconds;
    return this.report({ loss, floor, lr, gradNorm }, seconds);
  }

  /** Loss of a step, whose gradients are the store's afterwards. */
  private async accumulate(rows: Rows, began: number): Promise<number> {
    const { model } = this.parts;
    const { tokensPerStep } = this.options;
    const onRows = (done: number): void => {
      const progress = { work: 'step', share: done / rows.count, seconds: secondsSince(began) } as const;
      for (const hook of this.hooks) hook.onProgress?.(progress);
    };
    model.prepare(this.compute.gradients, this.shareOfRun());
    model.store.zeroGrads();
    return (await this.runner.trainInPieces(rows, 1 / tokensPerStep, this.pass, onRows)) / tokensPerStep;
  }

  /** Moves the parameters along their gradients. Returns the learning rate. */
  private update(): number {
    const { model, optimizerPlan, schedule } = this.parts;
    if (this.step >= schedule.warmupSteps) this.decayStart ??= this.progress;
    const lr = this.rateWith();
    if (!Number.isFinite(lr)) {
      throw new FlashError(`step ${this.step + 1}: the schedule '${schedule.type}' gives a rate of ${lr}`);
    }
    optimizerPlan.update(model.backend.kernels, {
      step: this.step + 1,
      lr,
      decayFactor: this.decayFactor(),
      tokens: this.options.tokensPerStep,
      products: this.compute.products,
    });
    return lr;
  }

  private report(of: Pick<StepEvent, 'loss' | 'floor' | 'lr' | 'gradNorm'>, seconds: number): StepEvent {
    const { tokensPerStep } = this.options;
    return {
      event: 'step',
      step: this.step,
      tokens: this.step * tokensPerStep,
      ...of,
      tokensPerSecond: tokensPerStep / seconds,
      seconds: this.seconds,
      path: this.mode,
      backend: this.parts.model.backend.name,
      compute: computeName(this.compute),
    };
  }

  /** How the next step goes through the model. */
  private get pass(): Pass {
    return { rng: { seed: this.options.seed ?? 0, step: this.step } };
  }

  private nextRows(): Rows {
    const { ids, targets, counts, starts } = this;
    this.parts.batches.fill(this.step, ids, targets);
    if (counts) {
      counts.clear();
      counts.add(ids, targets, ids.length);
      if (this.mode === 'collapsed') return counts.rows();
    }
    if (starts) findDocumentStarts(starts, ids, this.options.resetAt!, this.options.seqLen);
    return this.dense.of(ids, targets, ids.length, starts);
  }

  /** Runs the step again to name the first layer and op. */
  private refuseNonFinite(rows: Rows, loss: number, gradNorm: number): never {
    const what = Number.isFinite(loss) ? `gradient norm is ${gradNorm}` : `loss is ${loss}`;
    const { tokensPerStep } = this.options;
    const { first, where, remedy } = explainNonFinite(this.runner, rows, {
      step: this.step,
      scale: 1 / tokensPerStep,
      pass: { ...this.pass, compute: this.compute },
    });
    throw new NonFiniteError(`step ${this.step + 1}: ${what}; first: ${first}`, {
      where,
      remedy: `The step was not applied. ${remedy}`,
    });
  }
}
