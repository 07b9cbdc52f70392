import { seconds } from '../core/options.ts';
import type { Recipe } from '../recipes/load.ts';
import { defaultMeasure, type Limits, type Measure, UNLIMITED } from '../train/limits.ts';

/**
 * Sequences of one step: its batches follow one another in the stream, so they are one large batch. Activations exist for a
 * block of rows at a time, whatever the size of a step.
 */
export const sequencesPerStep = ({ data, train }: Recipe): number => data.batch * train.accumulate;

export const tokensPerStep = (recipe: Recipe): number => sequencesPerStep(recipe) * recipe.data.seq_len;

/** What ends the run, Infinity where there is no limit. */
export function runLimits({ train }: Recipe): Limits {
  const { steps, tokens, epochs, budget } = train;
  return {
    steps: steps ?? UNLIMITED.steps,
    tokens: tokens ?? UNLIMITED.tokens,
    epochs: epochs ?? UNLIMITED.epochs,
    seconds: budget === null ? UNLIMITED.seconds : seconds(budget),
  };
}

/** The limit that the learning rate's schedule goes along with. */
export function scheduleMeasure(recipe: Recipe, limits: Limits = runLimits(recipe)): Measure {
  const over = recipe.schedule.common.over as 'auto' | 'time' | Exclude<Measure, 'seconds'>;
  if (over === 'auto') return defaultMeasure(limits);
  return over === 'time' ? 'seconds' : over;
}

/** The flag of each limit. */
const FLAGS: Readonly<Record<Measure, string>> = {
  steps: '--steps',
  tokens: '--tokens',
  epochs: '--epochs',
  seconds: '--budget',
};

/** `--steps 400`: what one types for this limit. */
export function limitFlag(measure: Measure, amount: number): string {
  return `${FLAGS[measure]} ${measure === 'seconds' ? shortTime(amount) : amount}`;
}

/** Whole seconds as `--budget` and `--more` read them, in the largest unit that says them exactly. */
export function shortTime(amount: number): string {
  const whole = Math.ceil(amount);
  const [unit, size] = (
    [
      ['h', 3600],
      ['m', 60],
    ] as const
  ).find(([, size]) => whole % size === 0) ?? ['s', 1];
  return `${whole / size}${unit}`;
}

/** The flags of all limits that are set. */
export function limitFlags(limits: Limits): string {
  const set = Object.entries(limits).filter(([, amount]) => Number.isFinite(amount));
  return set.map(([measure, amount]) => limitFlag(measure as Measure, amount)).join(' ');
}
