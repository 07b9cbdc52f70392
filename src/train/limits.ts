import type { Ending } from '../core/hook.ts';

/** What ends a run; the first limit that is reached does. Infinity where there is none. */
export interface Limits {
  readonly steps: number;
  readonly tokens: number;
  readonly epochs: number;
  readonly seconds: number;
}

/** What the schedule's progress is measured in. */
export type Measure = keyof Limits;

/** How far a run is. */
export interface Progress {
  readonly step: number;
  readonly tokens: number;
  readonly epochs: number;
  readonly seconds: number;
}

const ENDINGS: Readonly<Record<Measure, Ending>> = {
  steps: 'steps',
  tokens: 'tokens',
  epochs: 'epochs',
  seconds: 'time',
};
const amount = (p: Progress, m: Measure): number => (m === 'steps' ? p.step : p[m]);

/** No limit at all. */
export const UNLIMITED: Limits = {
  steps: Number.POSITIVE_INFINITY,
  tokens: Number.POSITIVE_INFINITY,
  epochs: Number.POSITIVE_INFINITY,
  seconds: Number.POSITIVE_INFINITY,
};

/** How much longer a run should train, in one measure. */
export interface MoreTraining {
  readonly measure: Measure;
  readonly amount: number;
}

/** The limits of a run that continues from `progress` by the given amount, and has no other limit. */
export function limitsAfter({ measure, amount: more }: MoreTraining, progress: Progress): Limits {
  return { ...UNLIMITED, [measure]: amount(progress, measure) + more };
}

/** The step at which the limits on work end a run; Infinity if only the clock ends it. */
export function stepsOf(limits: Limits, tokensPerStep: number, tokensPerEpoch: number): number {
  const ends = (step: number): boolean => {
    const tokens = step * tokensPerStep;
    return reached(limits, { step, tokens, epochs: tokens / tokensPerEpoch, seconds: 0 }) !== null;
  };
  const { steps, tokens, epochs } = limits;
  const about = Math.ceil(Math.min(steps, tokens / tokensPerStep, (epochs * tokensPerEpoch) / tokensPerStep));
  if (!Number.isFinite(about)) return about;
  // Decided by `reached`, as in the trainer, because the quotient of floats may be off by its last bit.
  if (ends(about - 1)) return about - 1;
  return ends(about) ? about : about + 1;
}

/** The limit that `progress` has reached, if any. */
export function reached(limits: Limits, progress: Progress): Ending | null {
  for (const measure of Object.keys(ENDINGS) as Measure[]) {
    if (amount(progress, measure) >= limits[measure]) return ENDINGS[measure];
  }
  return null;
}

/** The first limit that is set, whole units of work before the clock: a schedule over steps can be repeated. */
export function defaultMeasure(limits: Limits): Measure {
  const order: readonly Measure[] = ['steps', 'tokens', 'epochs', 'seconds'];
  return order.find((m) => Number.isFinite(limits[m])) ?? 'steps';
}

/** The fraction of the way from `start` to `limits[measure]` that is done at `now`; 0 if that limit is not set. */
export function shareDone(limits: Limits, measure: Measure, start: Progress, now: Progress): number {
  const from = amount(start, measure);
  const whole = limits[measure] - from;
  if (!Number.isFinite(whole)) return 0;
  return whole <= 0 ? 1 : (amount(now, measure) - from) / whole;
}
