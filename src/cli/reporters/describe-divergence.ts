import type { Session } from '../../app/session.ts';
import type { Recipe } from '../../recipes/load.ts';
import type { Divergence } from '../../train/divergence.ts';
import { initAdvice } from '../../train/init-advice.ts';
import { formatCount, formatLoss, formatSmall } from '../format.ts';

/** A run that learned nothing at this rate may at a quarter of it. */
const LOWER = 1 / 4;

/** The largest rate among the optimiser's examples: a quarter of 1e9 is no advice. */
function usualRate({ optimizer }: Recipe): number {
  const rates = optimizer.component.examples.map(({ lr }) => lr).filter((lr) => typeof lr === 'number');
  return rates.length > 0 ? Math.max(...rates) : Number.POSITIVE_INFINITY;
}

/** What went wrong with the loss, and the one thing to try. */
export function describeDivergence(
  { kind, step, loss, chance, min, lr }: Divergence,
  { recipe, composed }: Pick<Session, 'recipe' | 'composed'>,
): string {
  const guessing = `${formatLoss(chance)}, what guessing gives`;
  if (kind === 'start') {
    const what = `warning: the loss begins at ${formatLoss(loss)}, far above ${guessing}.`;
    return `${what} ${initAdvice(composed.model.store)}`;
  }
  const where = loss > chance ? `far above ${guessing}` : `and was ${formatLoss(min)}`;
  const lower = Number(Math.min(lr * LOWER, usualRate(recipe)).toPrecision(2));
  // A schedule that ends above the new rate would be refused.
  const least = Number(recipe.schedule.options.min_lr ?? 0);
  const end = least > lower ? ` --set schedule.min_lr=${formatSmall(lower / 10)}` : '';
  return (
    `warning: the run diverges: the loss is about ${formatLoss(loss)} at step ${formatCount(step)}, ${where}. ` +
    `Start again with a lower learning rate: --set optimizer.lr=${formatSmall(lower)}${end}`
  );
}
