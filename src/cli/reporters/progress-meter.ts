import type { StepEvent, WorkProgress } from '../../core/hook.ts';
import { type Limits, type Progress, stepsOf } from '../../train/limits.ts';

/** Seconds over which the current speed is averaged. */
const WINDOW = 3;

/** How far a run is and when it will end, told from its steps alone. */
export class ProgressMeter {
  private done: Progress;
  private rate = 0;
  private inStep = { tokens: 0, seconds: 0 };

  /** `start` is where the run is when it begins (a resumed one is not at 0). */
  constructor(
    readonly limits: Limits,
    private readonly tokensPerStep: number,
    private readonly tokensPerEpoch: number,
    private readonly start: Progress,
    /** The least loss that a token-wise model can have on the training text; null where nothing is said of it. */
    readonly floor: number | null = null,
  ) {
    this.done = start;
  }

  /** The step under way: `share` of it is done after `seconds`. */
  during({ share, seconds }: Pick<WorkProgress, 'share' | 'seconds'>): void {
    this.inStep = { tokens: share * this.tokensPerStep, seconds };
  }

  add({ step, tokens, tokensPerSecond }: StepEvent): void {
    this.inStep = { tokens: 0, seconds: 0 };
    const seconds = (tokens - this.done.tokens) / tokensPerSecond;
    this.done = {
      step,
      tokens,
      epochs: tokens / this.tokensPerEpoch,
      seconds: this.done.seconds + seconds,
    };
    const weight = this.rate ? 1 - Math.exp(-seconds / WINDOW) : 1;
    this.rate += weight * (tokensPerSecond - this.rate);
  }

  get progress(): Progress {
    return this.done;
  }

  /** The step that ends the run; undefined where that is not known, as where the clock may end it before. */
  get lastStep(): number | undefined {
    const { limits, tokensPerStep, tokensPerEpoch, done, rate } = this;
    const last = stepsOf(limits, tokensPerStep, tokensPerEpoch);
    if (!Number.isFinite(last)) return undefined;
    if (!Number.isFinite(limits.seconds)) return last;
    const seconds = ((last - done.step) * tokensPerStep) / rate;
    return seconds < limits.seconds - done.seconds ? last : undefined;
  }

  /** Tokens a second over the last few seconds. */
  get tokensPerSecond(): number {
    return this.rate || this.inStep.tokens / (this.inStep.seconds || 1);
  }

  /** Tokens a second since `start`, evaluation and checkpoints not counted. */
  get meanTokensPerSecond(): number {
    return (this.done.tokens - this.start.tokens) / (this.done.seconds - this.start.seconds);
  }

  /** Share of the run that is done, from 0 to 1, by the limit that comes first; undefined without a limit. */
  get share(): number | undefined {
    const { limits, now: done } = this;
    const shares = [
      done.step / limits.steps,
      done.tokens / limits.tokens,
      done.epochs / limits.epochs,
      done.seconds / limits.seconds,
    ];
    const most = Math.max(...shares);
    return Object.values(limits).some(Number.isFinite) ? Math.min(most, 1) : undefined;
  }

  /** Seconds of training to come at the current speed; undefined before the first step and without a limit. */
  get secondsLeft(): number | undefined {
    const { limits, now: done, tokensPerStep, tokensPerSecond: rate } = this;
    if (!rate) return undefined;
    const left = Math.min(
      (limits.tokens - done.tokens) / rate,
      ((limits.steps - done.step) * tokensPerStep) / rate,
      ((limits.epochs - done.epochs) * this.tokensPerEpoch) / rate,
      limits.seconds - done.seconds,
    );
    return Number.isFinite(left) ? Math.max(left, 0) : undefined;
  }

  /** With what is done of the step under way. */
  private get now(): Progress {
    const { done, inStep, tokensPerStep, tokensPerEpoch } = this;
    return {
      step: done.step + inStep.tokens / tokensPerStep,
      tokens: done.tokens + inStep.tokens,
      epochs: done.epochs + inStep.tokens / tokensPerEpoch,
      seconds: done.seconds + inStep.seconds,
    };
  }
}

/** Seconds between lines: 2 at first, then a twentieth of the time so far, a minute at most. */
const INTERVAL = { min: 2, share: 1 / 20, max: 60 };

/** Which steps get a line: the first one, then each `every`-th, or with `auto` fewer as the run gets longer. */
export class StepPace {
  private readonly began: number;
  private lastTime = Number.NEGATIVE_INFINITY;

  /** `now` gives seconds. */
  constructor(
    private readonly every: number | 'auto',
    private readonly now: () => number,
  ) {
    this.began = now();
  }

  /** Asked once for each step. */
  isDue(step: number): boolean {
    const now = this.now();
    const { min, share, max } = INTERVAL;
    const interval = Math.min(Math.max(min, (now - this.began) * share), max);
    const isFirst = this.lastTime === Number.NEGATIVE_INFINITY;
    const due = this.every === 'auto' ? now - this.lastTime >= interval : step % this.every === 0;
    if (!due && !isFirst) return false;
    this.lastTime = now;
    return true;
  }
}
