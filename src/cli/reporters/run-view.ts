import type { Session } from '../../app/session.ts';
import { DisagreementError } from '../../backends/diff/diff.ts';
import { commandLine } from '../../core/command-line.ts';
import type { StepEvent, WorkProgress } from '../../core/hook.ts';
import { shown } from '../../recipes/read-file.ts';
import { DivergenceWatch } from '../../train/divergence.ts';
import type { DoneEvent, TrainEvent } from '../../train/events.ts';
import { NonFiniteError } from '../../train/explain-non-finite.ts';
import { stepsOf } from '../../train/limits.ts';
import { formatCount, formatDuration, formatPlural } from '../format.ts';
import type { Terminal } from '../terminal.ts';
import { ProgressMeter, StepPace } from './progress-meter.ts';
import { JsonReporter, LineReporter, ProgressReporter, QuietReporter, type Reporter } from './reporter.ts';
import { BudgetEstimate, introduce, type RunPlan, warnOfFewSteps } from './run-plan.ts';
import { describeDivergence, RunSummary } from './run-summary.ts';

export interface ViewOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** What a person or a program sees of a run, from what runs to what came of it. */
export class RunView {
  private readonly meter: ProgressMeter;
  private readonly summary: RunSummary;
  private readonly reporter: Reporter;
  private readonly plan: RunPlan;
  private readonly budget: BudgetEstimate;
  private readonly divergence: DivergenceWatch;
  /** The step of the newest checkpoint that the run could go on from; below 0 while there is none. */
  private saved: number;
  private trained = false;

  constructor(
    private readonly session: Session,
    private readonly options: ViewOptions,
    private readonly terminal: Terminal,
  ) {
    const { recipe, composed, run, startStep } = session;
    const { limits, tokensPerStep, tokensPerEpoch, progress } = run.trainer;
    const { warmupSteps } = composed.schedule;
    this.plan = { limits, tokensPerStep, tokensPerEpoch, warmupSteps };
    this.divergence = new DivergenceWatch(composed.model.vocab);
    this.budget = new BudgetEstimate(this.plan, progress);
    this.meter = new ProgressMeter(limits, tokensPerStep, tokensPerEpoch, progress, session.floor);
    this.summary = new RunSummary(this.meter);
    this.reporter = chooseReporter(
      options,
      terminal,
      this.meter,
      new StepPace(recipe.log.every, terminal.now),
    );
    this.saved = startStep || -1;
    if (!options.quiet) for (const line of introduce(session, this.plan, terminal)) this.say(line);
    this.warn(stepsOf(limits, tokensPerStep, tokensPerEpoch));
  }

  onEvent(event: TrainEvent): void {
    if (event.event === 'step') this.meter.add(event);
    if (event.event === 'checkpoint') this.saved = event.step;
    this.summary.add(event);
    // The summary reports what comes after the last step.
    if (!this.trained || this.options.json) this.reporter.onEvent(event);
    if (event.event === 'step') {
      this.tellBudget();
      this.tellDivergence(event);
    }
  }

  onProgress(progress: WorkProgress): void {
    if (progress.work === 'step') this.meter.during(progress);
    this.reporter.onProgress(progress);
  }

  /** The last step is done; what follows is the final evaluation. */
  onTrained(): void {
    this.trained = true;
  }

  say(line: string): void {
    this.reporter.say(line);
  }

  /** The run has come to its end, or to where it was interrupted. `next` is the command to type now. */
  end(done: DoneEvent, next: string): void {
    this.reporter.close();
    if (this.options.json || done.ending === 'interrupted') {
      for (const finding of this.session.composed.backend.findings?.() ?? []) this.terminal.note(finding);
    }
    if (done.ending === 'interrupted') {
      this.terminal.note(`Stopped after step ${formatCount(done.step)}; everything is saved.`);
      this.terminal.note(`Go on with: ${this.resumeCommand}`);
    } else if (!this.options.json) {
      for (const line of this.summary.describe(done, this.session, this.divergence.now, next, this.terminal))
        this.terminal.print(line);
    }
  }

  /** The process ends in the middle of the run. */
  abandon(): void {
    this.reporter.close();
    const kept =
      this.saved > 0
        ? `the run is saved up to step ${formatCount(this.saved)}; go on with: ${this.resumeCommand}`
        : 'nothing that the run learned is saved.';
    this.terminal.note(`Stopped at once; ${kept}`);
  }

  /** `error` ended the run. */
  fail(error: unknown): void {
    this.reporter.close();
    // Of the first weights nothing is worth going on from.
    if (this.saved <= 0) return;
    const step = formatCount(this.saved);
    const { evaluationFailed, trainer } = this.session.run;
    const { failedInStep } = trainer;
    if (
      failedInStep ||
      evaluationFailed ||
      error instanceof NonFiniteError ||
      error instanceof DisagreementError
    ) {
      this.terminal.note(
        `What the run learned up to step ${step} is kept in ${shown(this.session.directory.path)}.`,
      );
      return;
    }
    this.terminal.note(`The run is saved up to step ${step}; go on with: ${this.resumeCommand}`);
  }

  private tellDivergence(event: StepEvent): void {
    const found = this.divergence.add(event);
    if (found) this.say(describeDivergence(found, this.session));
  }

  private tellBudget(): void {
    const steps = this.budget.stepsOnce(this.meter.progress);
    if (steps === undefined) return;
    const { limits, tokensPerStep } = this.plan;
    const size = `${formatPlural(tokensPerStep, 'token')}`;
    const held = `${formatDuration(limits.seconds)} hold about ${formatPlural(steps, 'step')} of ${size} here`;
    if (!this.options.quiet) this.say(held);
    this.warn(steps);
  }

  /** Of a run of so few steps, also where nothing else is said. */
  private warn(steps: number): void {
    const warning = warnOfFewSteps(this.plan, steps, this.session.startStep > 0);
    if (warning) this.say(warning);
  }

  private get resumeCommand(): string {
    const { directory, otherEnd } = this.session;
    const command = commandLine`train --resume ${shown(directory.path)}`;
    return otherEnd ? `${command} ${otherEnd}` : command;
  }
}

function chooseReporter(
  options: ViewOptions,
  terminal: Terminal,
  meter: ProgressMeter,
  pace: StepPace,
): Reporter {
  if (options.json) return new JsonReporter(terminal, meter);
  if (options.quiet) return new QuietReporter(terminal);
  if (terminal.interactive) return new ProgressReporter(terminal, meter, pace);
  return new LineReporter((line) => terminal.print(line), meter, pace, terminal.now);
}
