import { defaultMeasure, type Limits, type Measure } from '../train/limits.ts';
import type { Recipe } from './load.ts';
import { seconds } from './options.ts';

/** What ends the run, Infinity where there is no limit. */
export function runLimits({ train }: Recipe): Limits {
  const { steps, tokens, epochs, budget } = train;
  const none = Number.POSITIVE_INFINITY;
  return {
    steps: steps ?? none,
    tokens: tokens ?? none,
    epochs: epochs ?? none,
    seconds: budget === null ? none : seconds(budget),
  };
}

/** The limit that the learning rate's schedule goes along with. */
export function scheduleMeasure(recipe: Recipe): Measure {
  const over = recipe.schedule.common.over as 'auto' | 'time' | Exclude<Measure, 'seconds'>;
  if (over === 'auto') return defaultMeasure(runLimits(recipe));
  return over === 'time' ? 'seconds' : over;
}
